use serde::{Deserialize, Serialize};

use crate::Name;

/// What is set for a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Environment {
    /// The namespace.
    #[schema(value_type = String)]
    pub name: Name,
    /// Whether a person has to confirm in so many words what they do there on the page.
    pub protected: bool,
}

impl Environment {
    /// Whether a namespace of which nothing is set is protected: by its name it is one of production.
    pub fn is_protected_by_default(namespace: &str) -> bool {
        let begins = ["prod-", "production-"].iter().any(|begin| namespace.starts_with(begin));
        begins || matches!(namespace, "prod" | "production")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_is_protected_unless_that_is_set() {
        let check = |namespace: &str, expect: bool| {
            assert_eq!(Environment::is_protected_by_default(namespace), expect, "{namespace}");
        };
        for namespace in ["prod", "production", "prod-eu", "production-1"] {
            check(namespace, true);
        }
        for namespace in ["default", "products", "staging-prod", "pro", ""] {
            check(namespace, false);
        }
    }
}
