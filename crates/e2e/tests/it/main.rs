//! The real binary on real processes under real load, in a short form. `tidegate-measure` runs the
//! same trials hundreds of times.

mod release;
mod survive;
