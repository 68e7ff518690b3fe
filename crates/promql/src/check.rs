use crate::{
    error::ParseError,
    function::{Function, Last},
    labels::NAME,
    syntax::{
        Aggregate, Binary, Cardinality, Comparison, Expr, ExprKind, MatchingLabels, Selector,
        ValueType,
    },
    token::Aggregator,
};

type Checked = Result<(), ParseError>;

/// Refuses what is no query by its types, with the first mistake.
pub(crate) fn check(source: &str, expr: &Expr) -> Checked {
    Checker { source }.expr(expr)
}

struct Checker<'a> {
    source: &'a str,
}

impl Checker<'_> {
    fn error(&self, at: usize, message: impl Into<String>) -> ParseError {
        ParseError::new(self.source, at, message)
    }

    fn expr(&self, expr: &Expr) -> Checked {
        match &expr.kind {
            ExprKind::Number(_) | ExprKind::Text(_) => Ok(()),
            ExprKind::Selector(selector) | ExprKind::Range(selector, _) => {
                self.selector(expr.start, selector)
            }
            ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::Sign(_, inner) => {
                self.expr(inner)?;
                match inner.value_type() {
                    ValueType::Scalar | ValueType::Vector => Ok(()),
                    other => Err(self.error(
                        expr.start,
                        format!(
                            "unary expression only allowed on expressions of type scalar or \
                             instant vector, got {:?}",
                            other.documented()
                        ),
                    )),
                }
            }
            ExprKind::Subquery(subquery) => {
                self.expr(&subquery.expr)?;
                match subquery.expr.value_type() {
                    ValueType::Vector => Ok(()),
                    other => Err(self.error(
                        expr.start,
                        format!(
                            "subquery is only allowed on instant vector, got {} instead",
                            other.name()
                        ),
                    )),
                }
            }
            ExprKind::Call(function, arguments) => self.call(expr, function, arguments),
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate),
            ExprKind::Binary(binary) => self.binary(expr, binary),
        }
    }

    fn wants(&self, expr: &Expr, wanted: ValueType, place: &str) -> Checked {
        self.expr(expr)?;
        let found = expr.value_type();
        if found == wanted {
            return Ok(());
        }
        let (wanted, found) = (wanted.documented(), found.documented());
        Err(self.error(expr.start, format!("expected type {wanted} in {place}, got {found}")))
    }

    /// Without a matcher that refuses the empty text, a selector would take every series.
    fn selector(&self, at: usize, selector: &Selector) -> Checked {
        let Some(name) = &selector.name else {
            let chooses = selector.matchers.iter().any(|matcher| !matcher.matches(""));
            let problem = "vector selector must contain at least one non-empty matcher";
            return if chooses { Ok(()) } else { Err(self.error(at, problem)) };
        };
        let in_braces = selector.matchers.iter().rev().skip(1);
        match in_braces.rev().find(|matcher| *matcher.name == *NAME) {
            None => Ok(()),
            Some(twice) => Err(self.error(
                at,
                format!("metric name must not be set twice: {name:?} or {:?}", twice.value),
            )),
        }
    }

    fn aggregate(&self, aggregate: &Aggregate) -> Checked {
        self.wants(&aggregate.expr, ValueType::Vector, "aggregation expression")?;
        let Some(parameter) = &aggregate.parameter else {
            return Ok(());
        };
        let wanted = match aggregate.aggregator {
            Aggregator::CountValues => ValueType::Text,
            _ => ValueType::Scalar,
        };
        self.wants(parameter, wanted, "aggregation parameter")
    }

    fn call(&self, expr: &Expr, function: &Function, arguments: &[Expr]) -> Checked {
        let (name, given) = (function.name, arguments.len());
        let wanted = function.arguments.len();
        let fewest = if function.last == Last::Once { wanted } else { wanted.saturating_sub(1) };
        let problem = match function.last {
            Last::Once if given != wanted => {
                format!("expected {wanted} argument(s) in call to {name:?}, got {given}")
            }
            _ if given < fewest => {
                format!("expected at least {fewest} argument(s) in call to {name:?}, got {given}")
            }
            Last::Optional if given > wanted => {
                format!("expected at most {wanted} argument(s) in call to {name:?}, got {given}")
            }
            _ => String::new(),
        };
        if !problem.is_empty() {
            return Err(self.error(expr.start, problem));
        }
        let place = format!("call to function {name:?}");
        let last = function.arguments.last();
        let wanted = function.arguments.iter().chain(std::iter::repeat(last).flatten());
        arguments
            .iter()
            .zip(wanted)
            .try_for_each(|(argument, &wanted)| self.wants(argument, wanted, &place))
    }

    fn binary(&self, expr: &Expr, binary: &Binary) -> Checked {
        let Binary { operator, left, right, .. } = binary;
        self.expr(left)?;
        self.expr(right)?;
        let scalar = |side: &Expr| side.value_type() == ValueType::Scalar;
        let vector = |side: &Expr| side.value_type() == ValueType::Vector;
        let is_bool = binary.answer == Comparison::Bool;
        if is_bool && !operator.is_comparison() {
            let problem = "bool modifier can only be used on comparison operators";
            return Err(self.error(self.operator_place(left), problem));
        }
        if operator.is_comparison() && !is_bool && scalar(left) && scalar(right) {
            let problem = "comparisons between scalars must use BOOL modifier";
            return Err(self.error(self.operator_place(left), problem));
        }
        self.matching(binary)?;
        for side in [left, right] {
            if !scalar(side) && !vector(side) {
                let problem = "binary expression must contain only scalar and instant vector types";
                return Err(self.error(side.start, problem));
            }
        }
        let both = vector(left) && vector(right);
        let (MatchingLabels::On(labels) | MatchingLabels::Ignoring(labels)) =
            &binary.matching.labels;
        let grouped = binary.matching.grouping != Cardinality::OneToOne;
        let word = operator.text();
        let problem = if !both && !labels.is_empty() {
            "vector matching only allowed between instant vectors".to_owned()
        } else if both && operator.is_set() && grouped {
            format!("no grouping allowed for {word:?} operation")
        } else if operator.is_set() && !both {
            format!("set operator {word:?} not allowed in binary scalar expression")
        } else {
            return Ok(());
        };
        Err(self.error(expr.start, problem))
    }

    fn matching(&self, binary: &Binary) -> Checked {
        let MatchingLabels::On(labels) = &binary.matching.labels else {
            return Ok(());
        };
        match labels.iter().find(|label| binary.matching.include.contains(label)) {
            None => Ok(()),
            Some(label) => Err(self.error(
                self.operator_place(&binary.left),
                format!("label {label:?} must not occur in ON and GROUP clause at once"),
            )),
        }
    }

    fn operator_place(&self, left: &Expr) -> usize {
        let rest = self.source.get(left.end..).unwrap_or_default();
        left.end + rest.len() - rest.trim_start().len()
    }
}
