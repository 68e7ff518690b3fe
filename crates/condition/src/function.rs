use crate::{ConditionError, error::Place, fold::Fold, kind::Kind, suggest::suggestion};

/// Declares every function once: its variant, its name, what it takes and what it gives.
macro_rules! functions {
    ($($variant:ident $name:literal ($($param:ident),*) $required:literal $returns:ident;)*) => {
        /// A function that is given values, not predicates.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Function { $($variant),* }

        impl Function {
            const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// How it is called.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// What it takes; the last of a variadic function stands for all that follow.
            pub(crate) fn params(self) -> &'static [Param] {
                match self { $(Self::$variant => &[$(Param::$param),*]),* }
            }

            /// How many arguments it needs.
            pub(crate) fn required(self) -> usize {
                match self { $(Self::$variant => $required),* }
            }

            pub(crate) fn returns(self) -> Returns {
                match self { $(Self::$variant => Returns::$returns),* }
            }
        }
    };
}

/// What a function takes in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Param {
    Any,
    Number,
    Int,
    Text,
    /// A number or text that is one.
    Convertible,
    /// Something with a length.
    Countable,
    List,
    Map,
    /// A list or a map.
    Container,
    /// A number or a list of numbers.
    Aggregate,
}

/// What a function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Returns {
    Any,
    Bool,
    Int,
    Float,
    Text,
    List,
    Texts,
    /// A map with textual keys would refuse others; this one does not.
    AnyMap,
    /// The kind of the first argument.
    Same,
}

functions! {
    AsInt "asInt" (Any) 1 Int;
    AsFloat "asFloat" (Any) 1 Float;
    IsNan "isNaN" (Number) 1 Bool;
    IsInf "isInf" (Number) 1 Bool;
    IsNil "isNil" (Any) 1 Bool;
    Default "default" (Any, Any) 2 Any;
    Len "len" (Countable) 1 Int;
    Type "type" (Any) 1 Text;
    Abs "abs" (Number) 1 Same;
    Ceil "ceil" (Number) 1 Float;
    Floor "floor" (Number) 1 Float;
    Round "round" (Number) 1 Float;
    Int "int" (Convertible) 1 Int;
    Float "float" (Convertible) 1 Float;
    Text "string" (Any) 1 Text;
    Trim "trim" (Text, Text) 1 Text;
    TrimPrefix "trimPrefix" (Text, Text) 1 Text;
    TrimSuffix "trimSuffix" (Text, Text) 1 Text;
    Upper "upper" (Text) 1 Text;
    Lower "lower" (Text) 1 Text;
    Split "split" (Text, Text, Int) 2 Texts;
    SplitAfter "splitAfter" (Text, Text, Int) 2 Texts;
    Replace "replace" (Text, Text, Text, Int) 3 Text;
    Repeat "repeat" (Text, Int) 2 Text;
    Join "join" (List, Text) 1 Text;
    IndexOf "indexOf" (Text, Text) 2 Int;
    LastIndexOf "lastIndexOf" (Text, Text) 2 Int;
    HasPrefix "hasPrefix" (Text, Text) 2 Bool;
    HasSuffix "hasSuffix" (Text, Text) 2 Bool;
    Max "max" (Aggregate) 1 Any;
    Min "min" (Aggregate) 1 Any;
    Mean "mean" (Aggregate) 1 Any;
    Median "median" (Aggregate) 1 Any;
    ToJson "toJSON" (Any) 1 Text;
    FromJson "fromJSON" (Text) 1 Any;
    ToBase64 "toBase64" (Text) 1 Text;
    FromBase64 "fromBase64" (Text) 1 Text;
    First "first" (List) 1 Any;
    Last "last" (List) 1 Any;
    Get "get" (Container, Any) 2 Any;
    Take "take" (List, Int) 2 List;
    Keys "keys" (Map) 1 List;
    Values "values" (Map) 1 List;
    ToPairs "toPairs" (Map) 1 List;
    FromPairs "fromPairs" (List) 1 AnyMap;
    Reverse "reverse" (List) 1 List;
    Uniq "uniq" (List) 1 List;
    Concat "concat" (List) 1 List;
    Flatten "flatten" (List) 1 List;
    Sort "sort" (List, Text) 1 List;
    BitAnd "bitand" (Int, Int) 2 Int;
    BitOr "bitor" (Int, Int) 2 Int;
    BitXor "bitxor" (Int, Int) 2 Int;
    BitNand "bitnand" (Int, Int) 2 Int;
    BitShl "bitshl" (Int, Int) 2 Int;
    BitShr "bitshr" (Int, Int) 2 Int;
    BitUshr "bitushr" (Int, Int) 2 Int;
    BitNot "bitnot" (Int) 1 Int;
}

/// What a name that is called stands for.
pub(crate) enum Found {
    Function(Function),
    Fold(Fold),
}

impl Function {
    /// Whether Argo Rollouts adds it to expr-lang for conditions on the result of a metric.
    pub(crate) fn is_of_a_result(self) -> bool {
        matches!(
            self,
            Self::AsInt | Self::AsFloat | Self::IsNan | Self::IsInf | Self::IsNil | Self::Default
        )
    }

    /// Whether it takes any number of arguments, at least one.
    pub(crate) fn is_variadic(self) -> bool {
        matches!(self, Self::Max | Self::Min | Self::Mean | Self::Median | Self::Concat)
    }
}

impl Param {
    /// Whether a value of this kind may be given.
    pub(crate) fn takes(self, kind: &Kind) -> bool {
        kind.may(|kind| match self {
            Self::Any => true,
            Self::Number => kind.is_number(),
            Self::Int => *kind == Kind::Int,
            Self::Text => *kind == Kind::Text,
            Self::Convertible => kind.is_number() || *kind == Kind::Text,
            Self::Countable => matches!(kind, Kind::List(_) | Kind::Map(..) | Kind::Text),
            Self::List => kind.is_list(),
            Self::Map => matches!(kind, Kind::Map(..)),
            Self::Container => matches!(kind, Kind::List(_) | Kind::Map(..)),
            Self::Aggregate => kind.is_number() || kind.is_list(),
        })
    }

    /// What may be given, in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Number => "a number",
            Self::Int => "an int",
            Self::Text => "a string",
            Self::Convertible => "a number or a string",
            Self::Countable => "an array, a map or a string",
            Self::List => "an array",
            Self::Map => "a map",
            Self::Container => "an array or a map",
            Self::Aggregate => "numbers or arrays of numbers",
        }
    }
}

/// Functions of expr-lang that need a clock or the time zones of a machine.
const REFUSED: [&str; 4] = ["now", "date", "duration", "timezone"];

/// The function `name`.
pub(crate) fn find(name: &str, place: Place) -> Result<Found, ConditionError> {
    let function = Function::ALL.iter().find(|function| function.name() == name);
    if let Some(function) = function {
        return Ok(Found::Function(*function));
    }
    if let Some(fold) = Fold::ALL.iter().find(|fold| fold.name() == name) {
        return Ok(Found::Fold(*fold));
    }
    if REFUSED.contains(&name) {
        return Err(place.name(format!(
            "`{name}` is not available: a condition judges a result, and has no clock; measure the age in the metric"
        )));
    }
    if name == "result" {
        return Err(place.name("`result` is a value, not a function"));
    }
    let hint = suggestion(name, names());
    Err(place.name(format!("there is no function `{name}`{hint}")))
}

/// Every function that may be called.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let functions = Function::ALL.iter().map(|function| function.name());
    functions.chain(Fold::ALL.iter().map(|fold| fold.name()))
}

/// Refuses a number of arguments that `function` does not take.
pub(crate) fn check_count(
    function: Function,
    found: usize,
    place: Place,
) -> Result<(), ConditionError> {
    let (least, most) = (function.required(), function.params().len());
    if found >= least && (found <= most || function.is_variadic()) {
        return Ok(());
    }
    let wanted = match (least, most) {
        _ if function.is_variadic() => format!("at least {}", arguments(least)),
        (least, most) if least == most => arguments(most),
        (least, most) => format!("{least} to {most} arguments"),
    };
    let name = function.name();
    Err(place.mismatch(format!("`{name}` takes {wanted}, found {found}")))
}

fn arguments(count: usize) -> String {
    format!("{count} argument{}", if count == 1 { "" } else { "s" })
}
