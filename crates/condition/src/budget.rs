use crate::{ConditionError, Value, error::Place};

/// How many steps a condition may take: one for each part of the expression that is computed,
/// each element that is made or looked at, and each few bytes of text. A million take some tens
/// of milliseconds and megabytes; a condition over the series of one measurement needs thousands.
pub(crate) const MAX_STEPS: usize = 1_000_000;

/// How deep lists and maps may be nested, which bounds every recursion over a value.
pub(crate) const MAX_VALUE_DEPTH: usize = 130;

/// Bytes of text that count as one step.
const BYTES_PER_STEP: usize = 16;

/// What is left to be used up.
pub(crate) struct Budget {
    steps: usize,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { steps: MAX_STEPS }
    }

    /// Uses up `steps`.
    pub(crate) fn spend(&mut self, steps: usize, place: Place) -> Result<(), ConditionError> {
        match self.steps.checked_sub(steps) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(place.limit(format!("the condition takes more than {MAX_STEPS} steps"))),
        }
    }

    /// Uses up what text of so many bytes costs.
    pub(crate) fn spend_text(&mut self, bytes: usize, place: Place) -> Result<(), ConditionError> {
        self.spend(1 + bytes / BYTES_PER_STEP, place)
    }

    /// A list of `items`, paid for.
    pub(crate) fn list(
        &mut self,
        items: Vec<Value>,
        place: Place,
    ) -> Result<Value, ConditionError> {
        self.spend(items.len(), place)?;
        shallow(Value::list(items), place)
    }

    /// Text, paid for.
    pub(crate) fn text(&mut self, text: String, place: Place) -> Result<Value, ConditionError> {
        self.spend_text(text.len(), place)?;
        Ok(Value::text(text))
    }
}

/// Refuses a value that is nested too deep.
pub(crate) fn shallow(value: Value, place: Place) -> Result<Value, ConditionError> {
    if value.depth() > MAX_VALUE_DEPTH {
        return Err(
            place.limit(format!("a value is nested more than {MAX_VALUE_DEPTH} levels deep"))
        );
    }
    Ok(value)
}
