use std::sync::Arc;

use crate::{
    ConditionError,
    error::Place,
    fold::Fold,
    function::{self, Function, Returns},
    kind::Kind,
    operator::{Binary, Compare, Unary},
    primary::unseen,
    suggest::suggestion,
    syntax::{Expr, Member, Node, Pointer, Slice},
    value::Keys,
};

/// Finds what can be found wrong before a condition is computed, given the kind of `result`.
pub(crate) fn check(node: &Node, result: Kind) -> Result<(), ConditionError> {
    let outcome = kind(node, result, &[])?;
    if outcome.may(|kind| *kind == Kind::Bool) {
        Ok(())
    } else {
        Err(not_a_bool(node.place, &outcome.to_string()))
    }
}

/// The kind of what an expression gives, given that of `result`, of which it sees the fields `names` if there are any.
pub(crate) fn kind(
    node: &Node,
    result: Kind,
    names: &'static [&'static str],
) -> Result<Kind, ConditionError> {
    Checker { result, names, variables: Vec::new(), scopes: Vec::new() }.kind(node)
}

/// The error of a condition that gives something else.
pub(crate) fn not_a_bool(place: Place, found: &str) -> ConditionError {
    place.mismatch(format!("a condition gives true or false; this one gives {found}"))
}

struct Checker {
    result: Kind,
    names: &'static [&'static str],
    variables: Vec<(Arc<str>, Kind)>,
    scopes: Vec<Scope>,
}

/// The predicate that is looked at.
struct Scope {
    fold: Fold,
    element: Kind,
}

type Checked = Result<Kind, ConditionError>;

impl Checker {
    fn kind(&mut self, node: &Node) -> Checked {
        match &node.expr {
            Expr::Nil => Ok(Kind::Nil),
            Expr::Bool(_) => Ok(Kind::Bool),
            Expr::Int(_) => Ok(Kind::Int),
            Expr::Float(_) => Ok(Kind::Float),
            Expr::Text(_) => Ok(Kind::Text),
            Expr::Name(name) => self.name(name, node.place),
            Expr::Pointer(pointer) => self.pointer(*pointer, node.place),
            Expr::Unary(operator, operand) => self.unary(*operator, operand, node.place),
            Expr::Binary(operator, left, right) => {
                let (left, right) = (self.kind(left)?, self.kind(right)?);
                binary(*operator, &left, &right, node.place)
            }
            Expr::Compare(first, rest) => {
                let mut left = self.kind(first)?;
                for comparison in rest {
                    let right = self.kind(&comparison.right)?;
                    compare(comparison.operator, &left, &right, comparison.place)?;
                    left = right;
                }
                Ok(Kind::Bool)
            }
            Expr::Matches(text, _) => {
                let text = self.kind(text)?;
                binary(Binary::Matches, &text, &Kind::Text, node.place)
            }
            Expr::Chain(inner) => self.kind(inner),
            Expr::Member(member) => self.member(member),
            Expr::Slice(slice) => self.slice(slice, node.place),
            Expr::Call(function, arguments) => self.call(*function, arguments),
            Expr::Fold(fold, arguments) => self.fold(*fold, arguments),
            Expr::Let(name, value, body) => self.declaration(name, value, body, node.place),
            Expr::Sequence(nodes) => {
                let kinds = self.kinds(nodes)?;
                Ok(kinds.into_iter().last().unwrap_or(Kind::Nil))
            }
            Expr::If(branches) => {
                self.truth(&branches.condition)?;
                let (then, otherwise) =
                    (self.kind(&branches.then)?, self.kind(&branches.otherwise)?);
                Ok(then.either(otherwise))
            }
            Expr::OrElse(first, otherwise) => {
                self.truth(first)?;
                Ok(Kind::Bool.either(self.kind(otherwise)?))
            }
            Expr::List(nodes) => self.list(nodes),
            Expr::Map(pairs) => self.map(pairs),
        }
    }

    fn kinds(&mut self, nodes: &[Node]) -> Result<Vec<Kind>, ConditionError> {
        nodes.iter().map(|node| self.kind(node)).collect()
    }

    fn name(&self, name: &str, place: Place) -> Checked {
        let variable = self.variables.iter().rev().find(|(known, _)| **known == *name);
        if let Some((_, kind)) = variable {
            return Ok(kind.clone());
        }
        if name == "result" {
            return Ok(self.result.clone());
        }
        if function::names().any(|known| known == name) {
            return Err(place.name(format!("`{name}` is a function; call it as `{name}(..)`")));
        }
        if !self.names.is_empty() {
            return Err(place.name(unseen(name, self.names)));
        }
        let variables = self.variables.iter().map(|(known, _)| &**known);
        let hint = suggestion(name, variables.chain(["result", "true", "false", "nil"]));
        Err(place.name(format!("the name `{name}` is unknown; a condition sees `result`{hint}")))
    }

    fn pointer(&self, pointer: Pointer, place: Place) -> Checked {
        let Some(scope) = self.scopes.last() else {
            return Err(place.name("`#` stands for an element inside of a predicate only"));
        };
        match pointer {
            Pointer::Item => Ok(scope.element.clone()),
            Pointer::Index if scope.fold.has_index() => Ok(Kind::Int),
            Pointer::Accumulator if scope.fold.has_accumulator() => Ok(Kind::Any),
            Pointer::Index => Err(place.name(format!(
                "`#index` is known in `map` and `reduce`, not in `{}`",
                scope.fold.name()
            ))),
            Pointer::Accumulator => {
                Err(place
                    .name(format!("`#acc` is known in `reduce`, not in `{}`", scope.fold.name())))
            }
        }
    }

    fn unary(&mut self, operator: Unary, operand: &Node, place: Place) -> Checked {
        let kind = self.kind(operand)?;
        match operator {
            Unary::Not if kind.may(|kind| *kind == Kind::Bool) => Ok(Kind::Bool),
            Unary::Minus | Unary::Plus if kind.may(Kind::is_number) => Ok(kind),
            Unary::Not => Err(place.mismatch(format!("`!` takes a bool, found {kind}"))),
            Unary::Minus | Unary::Plus => {
                let sign = operator.sign();
                Err(place.mismatch(format!("`{sign}` takes a number, found {kind}")))
            }
        }
    }

    fn truth(&mut self, node: &Node) -> Result<(), ConditionError> {
        let kind = self.kind(node)?;
        if kind.may(|kind| *kind == Kind::Bool) {
            return Ok(());
        }
        Err(node.place.mismatch(format!("`?` and `if` ask for a bool, found {kind}")))
    }

    fn member(&mut self, member: &Member) -> Checked {
        let (base, key) = (self.kind(&member.base)?, self.kind(&member.key)?);
        let place = member.key.place;
        match &base {
            Kind::Any => Ok(Kind::Any),
            Kind::List(element) if key.may(|kind| *kind == Kind::Int) => Ok((**element).clone()),
            Kind::List(_) => {
                Err(place
                    .mismatch(format!("an element of an array is chosen by an int, found {key}")))
            }
            Kind::Map(Keys::Text, value) if key.may(|kind| *kind == Kind::Text) => {
                Ok((**value).clone())
            }
            Kind::Map(Keys::Text, _) => {
                Err(place.mismatch(format!("a field of a map is chosen by a string, found {key}")))
            }
            Kind::Map(Keys::Any | Keys::Groups, value) => Ok((**value).clone()),
            _ => Err(place.mismatch(match &member.key.expr {
                Expr::Text(name) => format!("{base} has no field `{name}`"),
                _ => format!("{base} has no elements"),
            })),
        }
    }

    fn slice(&mut self, slice: &Slice, place: Place) -> Checked {
        let base = self.kind(&slice.base)?;
        if !base.may(|kind| kind.is_list() || *kind == Kind::Text) {
            return Err(place.mismatch(format!("a slice takes an array or a string, found {base}")));
        }
        for bound in slice.from.iter().chain(&slice.to) {
            let kind = self.kind(bound)?;
            if base != Kind::Any && !kind.may(|kind| *kind == Kind::Int) {
                let message = format!("the bounds of a slice are ints, found {kind}");
                return Err(bound.place.mismatch(message));
            }
        }
        Ok(base)
    }

    fn call(&mut self, function: Function, arguments: &[Node]) -> Checked {
        let kinds = self.kinds(arguments)?;
        let params = function.params();
        for ((node, kind), position) in arguments.iter().zip(&kinds).zip(0..) {
            let param = params.get(position).or(params.last());
            if let Some(param) = param.filter(|param| !param.takes(kind)) {
                let name = function.name();
                let wanted = param.words();
                let message = format!("`{name}` takes {wanted}, found {kind}");
                return Err(node.place.mismatch(message));
            }
        }
        Ok(returned(function.returns(), kinds.first()))
    }

    fn fold(&mut self, fold: Fold, arguments: &[Node]) -> Checked {
        let mut arguments = arguments.iter();
        let mut collection = Kind::Any;
        if let Some(node) = arguments.next() {
            collection = self.kind(node)?;
            if !collection.may(Kind::is_list) {
                let message = format!("`{}` takes an array, found {collection}", fold.name());
                return Err(node.place.mismatch(message));
            }
        }
        let element = collection.element();
        let mut answer = element.clone();
        if let Some(predicate) = arguments.next() {
            self.scopes.push(Scope { fold, element: element.clone() });
            answer = self.kind(predicate)?;
            self.scopes.pop();
            if answer == Kind::Nil {
                let message =
                    format!("the predicate of `{}` gives nil, whatever it is given", fold.name());
                return Err(predicate.place.mismatch(message));
            }
            if fold.asks() && !answer.may(|kind| *kind == Kind::Bool) {
                let message =
                    format!("the predicate of `{}` gives a bool, found {answer}", fold.name());
                return Err(predicate.place.mismatch(message));
            }
        }
        if let Some(last) = arguments.next() {
            let kind = self.kind(last)?;
            if fold == Fold::SortBy && !kind.may(|kind| *kind == Kind::Text) {
                let message = format!("`sortBy` takes \"asc\" or \"desc\", found {kind}");
                return Err(last.place.mismatch(message));
            }
        }
        Ok(folded(fold, collection, element, answer))
    }

    fn declaration(&mut self, name: &Arc<str>, value: &Node, body: &Node, place: Place) -> Checked {
        let taken = &**name == "result"
            || function::names().any(|known| *known == **name)
            || self.variables.iter().any(|(known, _)| known == name);
        if taken {
            return Err(place.name(format!("`{name}` exists already; choose another name")));
        }
        let value = self.kind(value)?;
        self.variables.push((Arc::clone(name), value));
        let body = self.kind(body);
        self.variables.pop();
        body
    }

    fn list(&mut self, nodes: &[Node]) -> Checked {
        let kinds = self.kinds(nodes)?;
        let mut pairs = kinds.iter().zip(kinds.iter().skip(1));
        let alike = pairs.all(|(a, b)| std::mem::discriminant(a) == std::mem::discriminant(b));
        let element = if alike { kinds.into_iter().last() } else { None };
        Ok(Kind::list(element.unwrap_or(Kind::Any)))
    }

    fn map(&mut self, pairs: &[(Node, Node)]) -> Checked {
        for (key, value) in pairs {
            self.kind(key)?;
            self.kind(value)?;
        }
        Ok(Kind::Map(Keys::Text, Box::new(Kind::Any)))
    }
}

fn returned(returns: Returns, first: Option<&Kind>) -> Kind {
    match returns {
        Returns::Any => Kind::Any,
        Returns::Bool => Kind::Bool,
        Returns::Int => Kind::Int,
        Returns::Float => Kind::Float,
        Returns::Text => Kind::Text,
        Returns::List => Kind::list(Kind::Any),
        Returns::Texts => Kind::list(Kind::Text),
        Returns::AnyMap => Kind::Map(Keys::Any, Box::new(Kind::Any)),
        Returns::Same => first.cloned().unwrap_or(Kind::Any),
    }
}

fn folded(fold: Fold, collection: Kind, element: Kind, answer: Kind) -> Kind {
    match fold {
        Fold::All | Fold::None | Fold::Any | Fold::One => Kind::Bool,
        Fold::Filter => Kind::list(element),
        Fold::Map => Kind::list(answer),
        Fold::Count | Fold::FindIndex | Fold::FindLastIndex => Kind::Int,
        Fold::Find | Fold::FindLast => element,
        Fold::Sum | Fold::Reduce => answer,
        Fold::GroupBy => Kind::Map(Keys::Groups, Box::new(Kind::list(element))),
        Fold::SortBy => collection,
    }
}

fn compare(
    operator: Compare,
    left: &Kind,
    right: &Kind,
    place: Place,
) -> Result<(), ConditionError> {
    let fits = |kind: &Kind| kind.is_number() || *kind == Kind::Text;
    let alike = match (left, right) {
        (Kind::Any, Kind::Any) => true,
        (Kind::Any, known) | (known, Kind::Any) => fits(known),
        (left, right) => left.is_number() && right.is_number() || (fits(left) && left == right),
    };
    if alike { Ok(()) } else { Err(mismatch(operator.sign(), left, right, place)) }
}

fn binary(operator: Binary, left: &Kind, right: &Kind, place: Place) -> Checked {
    let both = |accepts: fn(&Kind) -> bool| left.may(accepts) && right.may(accepts);
    let text = |kind: &Kind| *kind == Kind::Text;
    let (fits, kind) = match operator {
        Binary::Or | Binary::And => (both(|kind| *kind == Kind::Bool), Kind::Bool),
        Binary::Equal | Binary::NotEqual => (left.comparable(right), Kind::Bool),
        Binary::In => (contained(left, right), Kind::Bool),
        Binary::Matches | Binary::Contains | Binary::StartsWith | Binary::EndsWith => {
            (both(text), Kind::Bool)
        }
        Binary::Range => (both(|kind| *kind == Kind::Int), Kind::list(Kind::Int)),
        Binary::Add => (both(Kind::is_number) || both(text), arithmetic(left, right)),
        Binary::Subtract | Binary::Multiply => (both(Kind::is_number), arithmetic(left, right)),
        Binary::Divide | Binary::Power => (both(Kind::is_number), Kind::Float),
        Binary::Modulo => (both(|kind| *kind == Kind::Int), Kind::Int),
        Binary::Coalesce => (true, left.clone().either(right.clone())),
    };
    if fits { Ok(kind) } else { Err(mismatch(operator.sign(), left, right, place)) }
}

fn arithmetic(left: &Kind, right: &Kind) -> Kind {
    match (left, right) {
        (Kind::Any, _) | (_, Kind::Any) => Kind::Any,
        (Kind::Int, Kind::Int) => Kind::Int,
        (Kind::Text, Kind::Text) => Kind::Text,
        _ => Kind::Float,
    }
}

fn contained(needle: &Kind, container: &Kind) -> bool {
    match container {
        Kind::Any | Kind::Map(Keys::Any | Keys::Groups, _) => true,
        Kind::Map(Keys::Text, _) => needle.may(|kind| *kind == Kind::Text),
        Kind::List(element) => needle.comparable(element),
        _ => false,
    }
}

fn mismatch(sign: &str, left: &Kind, right: &Kind, place: Place) -> ConditionError {
    place.mismatch(format!("`{sign}` does not go between {left} and {right}"))
}
