use axum::http::Method;
use tidegate_access::Verb;

/// What whoever asks must be let to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// Nothing: it is for everybody.
    Nothing,
    /// Nothing but to be known.
    AnyCaller,
    /// This, to what the address names.
    Verb(Verb),
    /// This, to anything at all: the handler looks at each object that it tells or changes.
    Somewhere(Verb),
    /// What the `{action}` of the address says, to what it names.
    Action,
    /// To read anything at all, of which the handler tells the series; nothing where they are open to all.
    Series,
}

/// What the table says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// It knows the address, and the method at it.
    Demands(Demand),
    /// It knows the address, but not with that method.
    OtherMethods,
    /// It does not know the address.
    Nothing,
}

/// What the table says of a method at an address as the routes have it. Whoever may GET may ask for the head alone.
pub(crate) fn rule(method: &Method, path: &str) -> Rule {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let mut rows = TABLE.iter().filter(|(_, address, _)| *address == path).peekable();
    if rows.peek().is_none() {
        return Rule::Nothing;
    }
    rows.find(|(way, _, _)| way == method)
        .map_or(Rule::OtherMethods, |(_, _, demand)| Rule::Demands(*demand))
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const DELETE: Method = Method::DELETE;

/// Every method at every address, with what it demands.
#[rustfmt::skip]
pub(crate) const TABLE: &[(Method, &str, Demand)] = &[
    (GET, "/healthz", Demand::Nothing),
    (GET, "/readyz", Demand::Nothing),
    (GET, "/v1/openapi.json", Demand::Nothing),

    (GET, "/apis/argoproj.io/v1alpha1/{kind}", Demand::Somewhere(Verb::Read)),
    (GET, "/apis/argoproj.io/v1alpha1/namespaces/{namespace}/{kind}", Demand::Somewhere(Verb::Read)),
    (GET, "/apis/argoproj.io/v1alpha1/namespaces/{namespace}/{kind}/{name}", Demand::Verb(Verb::Read)),
    (DELETE, "/apis/argoproj.io/v1alpha1/namespaces/{namespace}/{kind}/{name}", Demand::Verb(Verb::Delete)),
    (GET, "/apis/argoproj.io/v1alpha1/{kind}/{name}", Demand::Verb(Verb::Read)),
    (DELETE, "/apis/argoproj.io/v1alpha1/{kind}/{name}", Demand::Verb(Verb::Delete)),
    (GET, "/apis/apps/v1/{kind}", Demand::Somewhere(Verb::Read)),
    (GET, "/apis/apps/v1/namespaces/{namespace}/{kind}", Demand::Somewhere(Verb::Read)),
    (GET, "/apis/apps/v1/namespaces/{namespace}/{kind}/{name}", Demand::Verb(Verb::Read)),
    (DELETE, "/apis/apps/v1/namespaces/{namespace}/{kind}/{name}", Demand::Verb(Verb::Delete)),
    (GET, "/api/v1/{kind}", Demand::Somewhere(Verb::Read)),
    (GET, "/api/v1/namespaces/{namespace}/{kind}", Demand::Somewhere(Verb::Read)),
    (GET, "/api/v1/namespaces/{namespace}/{kind}/{name}", Demand::Verb(Verb::Read)),
    (DELETE, "/api/v1/namespaces/{namespace}/{kind}/{name}", Demand::Verb(Verb::Delete)),

    (GET, "/v1/rollouts", Demand::Somewhere(Verb::Read)),
    (GET, "/v1/rollouts/watch", Demand::Somewhere(Verb::Read)),
    (POST, "/v1/apply", Demand::Somewhere(Verb::Apply)),
    (POST, "/v1/namespaces/{namespace}/analysisruns/{name}/{action}", Demand::Action),
    (GET, "/v1/namespaces/{namespace}/experiments/{name}/view", Demand::Verb(Verb::Read)),
    (GET, "/v1/namespaces/{namespace}/experiments/{name}/watch", Demand::Verb(Verb::Read)),
    (POST, "/v1/namespaces/{namespace}/experiments/{name}/{action}", Demand::Action),
    (GET, "/v1/namespaces/{namespace}/rollouts/{name}/view", Demand::Verb(Verb::Read)),
    (GET, "/v1/namespaces/{namespace}/rollouts/{name}/watch", Demand::Verb(Verb::Read)),
    (GET, "/v1/namespaces/{namespace}/rollouts/{name}/history", Demand::Verb(Verb::Read)),
    (GET, "/v1/namespaces/{namespace}/rollouts/{name}/diff", Demand::Verb(Verb::Read)),
    (POST, "/v1/namespaces/{namespace}/rollouts/{name}/{action}", Demand::Action),
    (GET, "/v1/logs", Demand::Somewhere(Verb::Logs)),
    (GET, "/v1/dora", Demand::Somewhere(Verb::Read)),
    (GET, "/v1/ledger", Demand::Somewhere(Verb::Read)),
    (GET, "/v1/ledger/export", Demand::Somewhere(Verb::Read)),
    (GET, "/v1/ledger/watch", Demand::Somewhere(Verb::Read)),
    (GET, "/v1/ledger/verify", Demand::Verb(Verb::VerifyLedger)),
    (GET, "/v1/notifications", Demand::Somewhere(Verb::Read)),
    (GET, "/v1/notifications/dead-letters", Demand::Somewhere(Verb::Read)),
    (POST, "/v1/notifications/dead-letters/{letter}/retry", Demand::Somewhere(Verb::Retry)),
    (DELETE, "/v1/notifications/dead-letters/{letter}", Demand::Somewhere(Verb::Delete)),
    (POST, "/v1/notifications/trials", Demand::Somewhere(Verb::ManageSettings)),
    // A forge shows by a signature that it is who it says.
    (POST, "/v1/webhooks/{forge}", Demand::Nothing),

    // Who signs in is not known yet.
    (POST, "/v1/session", Demand::Nothing),
    (GET, "/v1/session", Demand::AnyCaller),
    (DELETE, "/v1/session", Demand::AnyCaller),
    (POST, "/v1/session/codes", Demand::AnyCaller),
    // Whoever signs in is not known yet.
    (GET, "/v1/session/ways", Demand::Nothing),
    (GET, "/v1/session/oidc", Demand::Nothing),
    (GET, "/v1/session/oidc/callback", Demand::Nothing),
    (GET, "/v1/can-i", Demand::AnyCaller),
    (GET, "/v1/namespaces/{namespace}/rollouts/{name}/permissions", Demand::Verb(Verb::Read)),
    (GET, "/v1/access/accounts", Demand::Verb(Verb::ManageAccess)),
    (POST, "/v1/access/accounts", Demand::Verb(Verb::ManageAccess)),
    (DELETE, "/v1/access/accounts/{account}", Demand::Verb(Verb::ManageAccess)),
    (GET, "/v1/access/tokens", Demand::Verb(Verb::ManageAccess)),
    (POST, "/v1/access/tokens", Demand::Verb(Verb::ManageAccess)),
    (DELETE, "/v1/access/tokens/{token}", Demand::Verb(Verb::ManageAccess)),
    (GET, "/v1/access/bindings", Demand::Verb(Verb::ManageAccess)),
    (POST, "/v1/access/bindings", Demand::Verb(Verb::ManageAccess)),
    (DELETE, "/v1/access/bindings/{binding}", Demand::Verb(Verb::ManageAccess)),
    (GET, "/v1/environments", Demand::AnyCaller),
    (POST, "/v1/environments", Demand::Somewhere(Verb::ManageSettings)),
    (DELETE, "/v1/environments/{environment}", Demand::Somewhere(Verb::ManageSettings)),

    (GET, "/api/v1/query", Demand::Series),
    (POST, "/api/v1/query", Demand::Series),
    (GET, "/api/v1/query_range", Demand::Series),
    (POST, "/api/v1/query_range", Demand::Series),
    (GET, "/api/v1/series", Demand::Series),
    (POST, "/api/v1/series", Demand::Series),
    (GET, "/api/v1/labels", Demand::Series),
    (POST, "/api/v1/labels", Demand::Series),
    (GET, "/api/v1/label/{name}/values", Demand::Series),
    (GET, "/api/v1/metadata", Demand::Series),
    (GET, "/api/v1/status/buildinfo", Demand::Series),
    (GET, "/api/v1/query_exemplars", Demand::Series),
    (POST, "/api/v1/query_exemplars", Demand::Series),
    (GET, "/api/v1/rules", Demand::Series),
    (GET, "/api/v1/alerts", Demand::Series),
    (GET, "/metrics", Demand::Series),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_demands_what_its_row_says_and_one_without_a_row_lets_nobody_in() {
        let check = |method: &Method, path: &str, expect: Rule| {
            assert_eq!(rule(method, path), expect, "{method} {path}");
        };
        check(&GET, "/v1/ledger", Rule::Demands(Demand::Somewhere(Verb::Read)));
        check(&Method::HEAD, "/v1/ledger", Rule::Demands(Demand::Somewhere(Verb::Read)));
        check(&DELETE, "/v1/ledger", Rule::OtherMethods);
        check(&GET, "/v1/ledger/", Rule::Nothing);
        check(&GET, "/v1/secrets", Rule::Nothing);
    }

    #[test]
    fn no_row_is_there_twice() {
        for (index, (method, path, _)) in TABLE.iter().enumerate() {
            let mut before = TABLE[..index].iter();
            assert!(!before.any(|row| row.0 == *method && row.1 == *path), "{method} {path}");
        }
    }
}
