//! Evidence about a mean from its estimate and standard error, that holds at every look.

/// Rows for rows, how fast the mixture's weight on the data grows: at 60 rows the prior counts for
/// a twelfth. Small series are what is hardest to judge, so it is tight there.
const RHO_SQUARED: f64 = 0.2;

/// What stands between an estimate and certainty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bar {
    /// Rows, as the time of the confidence sequence.
    pub(crate) rows: f64,
    /// Degrees of freedom of the standard error.
    pub(crate) freedom: f64,
}

impl Bar {
    /// How much more the mixture weighs data than its prior: `t rho²` of Waudby-Smith et al.
    fn gain(&self) -> f64 {
        RHO_SQUARED * self.rows
    }

    /// `ln` of the mixture's likelihood ratio against a mean of zero, for an estimate of `t`
    /// standard errors: for a known standard error `-ln(1+g)/2 + t²/2 g/(1+g)` (Robbins 1970); the
    /// t form (Wang & Ramdas 2023, "Anytime-valid t-tests", with a normal prior on the effect
    /// size) for one that is estimated.
    pub(crate) fn log_evidence(&self, t: f64) -> f64 {
        let (gain, freedom) = (self.gain(), self.freedom);
        // At the far end the square overflows, and the quotient has its limit 1 + g.
        let squared = (t * t / freedom).min(1e200);
        let quotient = squared.ln_1p() - (squared / (1.0 + gain)).ln_1p();
        0.5 * ((freedom + 1.0) * quotient - gain.ln_1p())
    }

    /// The standard errors from which on the evidence reaches `log_bar`; infinite if it never does,
    /// because too little is known of the standard error.
    pub(crate) fn reach(&self, log_bar: f64) -> f64 {
        let gain = self.gain();
        let quotient = ((2.0 * log_bar + gain.ln_1p()) / (self.freedom + 1.0)).exp();
        let rest = 1.0 - quotient / (1.0 + gain);
        if rest <= 0.0 { f64::INFINITY } else { (self.freedom * (quotient - 1.0) / rest).sqrt() }
    }
}
