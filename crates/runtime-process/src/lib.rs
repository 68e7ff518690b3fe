//! Pod templates as processes of this machine
