/// An operator between two operands, comparisons apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Or,
    And,
    Equal,
    NotEqual,
    In,
    Matches,
    Contains,
    StartsWith,
    EndsWith,
    Range,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Coalesce,
}

/// A comparison: they can be chained, `0 <= x < 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

/// An operator before its operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unary {
    Not,
    Minus,
    Plus,
}

/// What a sign does when it stands behind an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Infix {
    Pipe,
    Compare(Compare),
    Binary(Binary),
}

/// The binding strengths of expr-lang; a stronger operator takes its operands first.
pub(crate) const COMPARISON: u16 = 20;

/// The operator that `sign` is, and how strongly it binds.
pub(crate) fn infix(sign: &str) -> Option<(Infix, u16)> {
    let (binary, strength) = match sign {
        "|" => return Some((Infix::Pipe, 0)),
        "<" | "<=" | ">" | ">=" => {
            return comparison(sign).map(|c| (Infix::Compare(c), COMPARISON));
        }
        "or" | "||" => (Binary::Or, 10),
        "and" | "&&" => (Binary::And, 15),
        "==" => (Binary::Equal, COMPARISON),
        "!=" => (Binary::NotEqual, COMPARISON),
        "in" => (Binary::In, COMPARISON),
        "matches" => (Binary::Matches, COMPARISON),
        "contains" => (Binary::Contains, COMPARISON),
        "startsWith" => (Binary::StartsWith, COMPARISON),
        "endsWith" => (Binary::EndsWith, COMPARISON),
        ".." => (Binary::Range, 25),
        "+" => (Binary::Add, 30),
        "-" => (Binary::Subtract, 30),
        "*" => (Binary::Multiply, 60),
        "/" => (Binary::Divide, 60),
        "%" => (Binary::Modulo, 60),
        "**" | "^" => (Binary::Power, 100),
        "??" => (Binary::Coalesce, 500),
        _ => return None,
    };
    Some((Infix::Binary(binary), strength))
}

/// The comparison that `sign` is.
pub(crate) fn comparison(sign: &str) -> Option<Compare> {
    match sign {
        "<" => Some(Compare::Less),
        "<=" => Some(Compare::LessOrEqual),
        ">" => Some(Compare::More),
        ">=" => Some(Compare::MoreOrEqual),
        _ => None,
    }
}

/// The operator that `sign` is before an operand, and how strongly it binds.
pub(crate) fn prefix(sign: &str) -> Option<(Unary, u16)> {
    match sign {
        "not" | "!" => Some((Unary::Not, 50)),
        "-" => Some((Unary::Minus, 90)),
        "+" => Some((Unary::Plus, 90)),
        _ => None,
    }
}

/// Whether `not` may stand before `sign`, as in `x not in y`.
pub(crate) fn negatable(sign: &str) -> bool {
    matches!(sign, "in" | "matches" | "contains" | "startsWith" | "endsWith")
}

impl Binary {
    /// How it is written.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::In => "in",
            Self::Matches => "matches",
            Self::Contains => "contains",
            Self::StartsWith => "startsWith",
            Self::EndsWith => "endsWith",
            Self::Range => "..",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Power => "**",
            Self::Coalesce => "??",
        }
    }

    /// Whether `a op b op c` means `a op (b op c)`.
    pub(crate) fn groups_right(self) -> bool {
        self == Self::Power
    }
}

impl Compare {
    /// How it is written.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::More => ">",
            Self::MoreOrEqual => ">=",
        }
    }

    /// Whether it holds for operands in this order; numbers with NaN have none.
    pub(crate) fn accepts(self, order: Option<std::cmp::Ordering>) -> bool {
        order.is_some_and(|order| match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::More => order.is_gt(),
            Self::MoreOrEqual => order.is_ge(),
        })
    }
}

impl Unary {
    /// How it is written.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Not => "!",
            Self::Minus => "-",
            Self::Plus => "+",
        }
    }
}
