//! Observes, plans, records, acts
