//! What the door demands of each operation, in words.

use axum::http::Method;
use tidegate_access::Verb;
use utoipa::openapi::HttpMethod;

use crate::door::{Demand, Rule, rule};

/// What whoever asks has to be let to do, as a sentence.
pub(super) fn told(method: &HttpMethod, path: &str) -> String {
    let method = match method {
        HttpMethod::Post => Method::POST,
        HttpMethod::Delete => Method::DELETE,
        _ => Method::GET,
    };
    let demand = match (rule(&method, path), path.rsplit_once('/')) {
        (Rule::Demands(demand), _) => Some(demand),
        // The table leaves open what an action is called.
        (_, Some((before, action))) => match rule(&method, &format!("{before}/{{action}}")) {
            Rule::Demands(Demand::Action) => action.parse().ok().map(Demand::Verb),
            _ => None,
        },
        _ => None,
    };
    match demand {
        Some(Demand::Nothing) => "For everybody: no token is asked for.".to_owned(),
        Some(Demand::AnyCaller) => "For everybody who is known.".to_owned(),
        Some(Demand::Verb(verb)) => format!("Needs the right to `{verb}` what it is about."),
        Some(Demand::Somewhere(Verb::Read)) => {
            "Tells only of what the caller has the right to `read`.".to_owned()
        }
        Some(Demand::Somewhere(verb)) => {
            format!("Needs the right to `{verb}`, for each thing that it is about.")
        }
        Some(Demand::Series) => {
            "Tells only the series of what the caller has the right to `read`; \
            all of them, without a token, where the server was set so."
                .to_owned()
        }
        Some(Demand::Action) | None => "Nobody is let in here.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLLOUT: &str = "/v1/namespaces/{namespace}/rollouts/{name}";

    #[test]
    fn an_operation_says_what_it_demands() {
        let check = |method: &HttpMethod, path: &str, expect: &str| {
            let told = told(method, path);
            assert!(told.contains(expect), "{path}: {told}");
        };
        check(&HttpMethod::Post, &format!("{ROLLOUT}/promote-full"), "`promote-full`");
        check(&HttpMethod::Get, &format!("{ROLLOUT}/view"), "right to `read` what");
        check(&HttpMethod::Get, "/v1/rollouts", "only of what");
        check(&HttpMethod::Get, "/healthz", "no token");
        check(&HttpMethod::Delete, "/healthz", "Nobody");
    }
}
