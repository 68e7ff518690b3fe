//! Re-derives the safety rules from a spec and a plan, apart from the planner
