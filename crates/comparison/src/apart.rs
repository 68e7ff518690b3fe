/// Which of three answers stands apart from the two others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apart {
    /// The candidate's: the two others are alike.
    Candidate,
    /// That of the first replica it is compared with.
    First,
    /// That of the second.
    Second,
    /// All three differ, so that nobody stands apart.
    All,
}

impl Apart {
    /// Counts it among the candidate, the first, the second and nobody.
    pub(crate) fn count_in(self, [candidate, first, second, all]: &mut [u64; 4]) {
        *match self {
            Self::Candidate => candidate,
            Self::First => first,
            Self::Second => second,
            Self::All => all,
        } += 1;
    }
}

/// Which of the three pairs are alike: candidate and first, candidate and second, first and second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pairs {
    pub(crate) candidate_first: bool,
    pub(crate) candidate_second: bool,
    pub(crate) first_second: bool,
}

impl Pairs {
    /// The pairs among three values.
    pub(crate) fn of<T: PartialEq>([candidate, first, second]: [&T; 3]) -> Self {
        Self {
            candidate_first: candidate == first,
            candidate_second: candidate == second,
            first_second: first == second,
        }
    }

    /// The pairs that are alike in both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            candidate_first: self.candidate_first && other.candidate_first,
            candidate_second: self.candidate_second && other.candidate_second,
            first_second: self.first_second && other.first_second,
        }
    }

    /// Who stands apart; none when all are alike.
    pub(crate) fn apart(self) -> Option<Apart> {
        match (self.candidate_first, self.candidate_second, self.first_second) {
            (true, true, _) | (true, _, true) | (_, true, true) => None,
            (false, false, true) => Some(Apart::Candidate),
            (false, true, false) => Some(Apart::First),
            (true, false, false) => Some(Apart::Second),
            (false, false, false) => Some(Apart::All),
        }
    }
}
