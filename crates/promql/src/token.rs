/// A piece of a query, with its place in the text.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) text: String,
    pub(crate) start: usize,
}

impl Token {
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// As Prometheus calls it in its messages.
    pub(crate) fn description(&self) -> String {
        let quoted = if self.text.chars().count() > 10 {
            format!("{:?}...", self.text.chars().take(10).collect::<String>())
        } else {
            format!("{:?}", self.text)
        };
        match &self.kind {
            TokenKind::End => "end of input".to_owned(),
            TokenKind::Identifier | TokenKind::MetricIdentifier => {
                let kind = if self.kind == TokenKind::Identifier { "" } else { "metric " };
                format!("{kind}identifier {:?}", self.text)
            }
            TokenKind::Text => format!("string {quoted}"),
            TokenKind::Number => format!("number {quoted}"),
            TokenKind::Duration => format!("duration {quoted}"),
            TokenKind::Keyword(Keyword::Start | Keyword::End) => quoted,
            TokenKind::Keyword(_) => format!("<{}>", self.text),
            TokenKind::Operator(_) | TokenKind::PatternEqual | TokenKind::PatternNotEqual => {
                format!("<op:{}>", self.text)
            }
            TokenKind::Aggregator(_) => format!("<aggr:{}>", self.text),
            _ => quoted,
        }
    }
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    End,
    /// Where the text can be read no further, and why.
    Broken(String),
    Comma,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Colon,
    At,
    /// `=`
    Equal,
    /// `=~`
    PatternEqual,
    /// `!~`
    PatternNotEqual,
    Text,
    Number,
    Duration,
    Identifier,
    /// A name with a colon: no function, label or keyword.
    MetricIdentifier,
    Operator(Operator),
    Aggregator(Aggregator),
    Keyword(Keyword),
}

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    And,
    Or,
    Unless,
}

impl Operator {
    /// The higher, the closer it binds.
    pub(crate) fn strength(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And | Self::Unless => 2,
            Self::Equal
            | Self::NotEqual
            | Self::Greater
            | Self::Less
            | Self::GreaterOrEqual
            | Self::LessOrEqual => 3,
            Self::Add | Self::Sub => 4,
            Self::Mul | Self::Div | Self::Mod | Self::Atan2 => 5,
            Self::Pow => 6,
        }
    }

    pub(crate) fn is_comparison(self) -> bool {
        self.strength() == 3
    }

    pub(crate) fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// Whether the answer is another quantity, so that the metric's name is no longer right.
    pub(crate) fn drops_name(self) -> bool {
        matches!(self, Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Mod | Self::Pow)
    }

    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Atan2 => "atan2",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::GreaterOrEqual => ">=",
            Self::LessOrEqual => "<=",
            Self::And => "and",
            Self::Or => "or",
            Self::Unless => "unless",
        }
    }
}

/// An operator that makes one series of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aggregator {
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    CountValues,
    Quantile,
}

impl Aggregator {
    pub(crate) fn takes_parameter(self) -> bool {
        matches!(self, Self::Topk | Self::Bottomk | Self::CountValues | Self::Quantile)
    }
}

/// A word that has a meaning of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    Offset,
    By,
    Without,
    On,
    Ignoring,
    GroupLeft,
    GroupRight,
    Bool,
    Start,
    End,
}

/// What a word is, whatever its case.
pub(crate) fn word(text: &str) -> TokenKind {
    use {Aggregator as A, Keyword as K, Operator as O, TokenKind as T};
    match text.to_ascii_lowercase().as_str() {
        "and" => T::Operator(O::And),
        "or" => T::Operator(O::Or),
        "unless" => T::Operator(O::Unless),
        "atan2" => T::Operator(O::Atan2),
        "sum" => T::Aggregator(A::Sum),
        "avg" => T::Aggregator(A::Avg),
        "count" => T::Aggregator(A::Count),
        "min" => T::Aggregator(A::Min),
        "max" => T::Aggregator(A::Max),
        "group" => T::Aggregator(A::Group),
        "stddev" => T::Aggregator(A::Stddev),
        "stdvar" => T::Aggregator(A::Stdvar),
        "topk" => T::Aggregator(A::Topk),
        "bottomk" => T::Aggregator(A::Bottomk),
        "count_values" => T::Aggregator(A::CountValues),
        "quantile" => T::Aggregator(A::Quantile),
        "offset" => T::Keyword(K::Offset),
        "by" => T::Keyword(K::By),
        "without" => T::Keyword(K::Without),
        "on" => T::Keyword(K::On),
        "ignoring" => T::Keyword(K::Ignoring),
        "group_left" => T::Keyword(K::GroupLeft),
        "group_right" => T::Keyword(K::GroupRight),
        "bool" => T::Keyword(K::Bool),
        "start" => T::Keyword(K::Start),
        "end" => T::Keyword(K::End),
        "inf" | "nan" => T::Number,
        _ if text.contains(':') => T::MetricIdentifier,
        _ => T::Identifier,
    }
}
