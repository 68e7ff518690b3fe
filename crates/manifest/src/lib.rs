//! The wire types of other people's formats, and the only place that knows them
