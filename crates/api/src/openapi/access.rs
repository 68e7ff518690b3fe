//! Who may do what.

use serde_json::json;
use tidegate_access::{Account, Binding, Environment};
use utoipa::{
    ToSchema,
    openapi::{HttpMethod, Required},
};

use crate::{
    access::{
        accounts::AccountWish,
        ask::Permission,
        bindings::BindingWish,
        provider::CALLBACK,
        sign_in::{CodeView, SessionView, SignIn, SignInWays},
        tokens::{NewToken, TokenView, TokenWish},
    },
    openapi::{
        operation::{Described, Describing},
        parameter::{needed, query, text},
    },
};

const TAG: &str = "access";

fn at(method: HttpMethod, path: &str, id: &str, what: &str) -> Describing {
    Describing::new(method, path, TAG, id, what)
}

pub(super) fn all() -> Vec<Described> {
    let mut all = session().to_vec();
    all.extend(provider());
    all.extend(asking());
    all.extend(kept::<Account>("/v1/access/accounts", "account", "Account", "accounts"));
    all.extend(kept::<TokenView>("/v1/access/tokens", "token", "Token", "tokens"));
    all.extend(kept::<Binding>(
        "/v1/access/bindings",
        "binding",
        "Binding",
        "roles that somebody has",
    ));
    all.extend(kept::<Environment>(
        "/v1/environments",
        "environment",
        "Environment",
        "environments",
    ));
    let account = at(HttpMethod::Post, "/v1/access/accounts", "putAccount", "Makes an account so")
        .takes::<AccountWish>(Required::True, json!({"name": "ada", "kind": "user"}))
        .answers::<Account>("As it is now.")
        .problem(409, "It cannot be so.");
    let token = at(HttpMethod::Post, "/v1/access/tokens", "createToken", "Makes a token")
        .takes::<TokenWish>(Required::True, json!({"account": "ada", "note": "the laptop"}))
        .created::<NewToken>("The token, with its secret, which is told here alone.")
        .not_found()
        .problem(409, "It cannot be made.");
    let binding =
        at(HttpMethod::Post, "/v1/access/bindings", "createBinding", "Gives somebody a role")
            .takes::<BindingWish>(
                Required::True,
                json!({"subject": {"account": "ada"}, "role": "viewer"}),
            )
            .created::<Binding>("What they have.")
            .answers::<Binding>("They had it already.")
            .not_found()
            .problem(409, "It cannot be given.");
    let environment =
        at(HttpMethod::Post, "/v1/environments", "putEnvironment", "Makes an environment so")
            .takes::<Environment>(Required::True, json!({"name": "production", "protected": true}))
            .answers::<Environment>("As it is now.")
            .problem(409, "It cannot be so.");
    all.extend([account, token, binding, environment].into_iter().map(Describing::end));
    all
}

/// What lists and takes away all those of a kind.
fn kept<T: ToSchema>(path: &str, part: &str, one: &str, many: &str) -> [Described; 2] {
    let list = at(HttpMethod::Get, path, &format!("list{one}s"), &format!("All {many}"));
    let path = format!("{path}/{{{part}}}");
    let delete = at(HttpMethod::Delete, &path, &format!("delete{one}"), "Takes it away");
    [
        list.answers_items::<T>("All of them, by their names.").end(),
        delete.done().not_found().problem(409, "It cannot be taken away.").end(),
    ]
}

fn session() -> [Described; 4] {
    const PATH: &str = "/v1/session";
    let who = at(HttpMethod::Get, PATH, "getSession", "Who asks, and what they may do");
    let sign_in = at(HttpMethod::Post, PATH, "signIn", "Signs a browser in");
    let sign_out = at(HttpMethod::Delete, PATH, "signOut", "Ends the session");
    let code = at(
        HttpMethod::Post,
        "/v1/session/codes",
        "createCode",
        "Makes a code to sign in with, once",
    );
    [
        who.answers::<SessionView>("Who it is.").end(),
        sign_in
            .for_strangers()
            .takes::<SignIn>(Required::True, json!({"code": "the code of `tidegate sign-in`"}))
            .answers::<SessionView>("Signed in: the cookie is in `Set-Cookie`.")
            .end(),
        sign_out.done().end(),
        code.created::<CodeView>("The code, and how long it is worth anything.").end(),
    ]
}

fn provider() -> [Described; 3] {
    let ways = at(HttpMethod::Get, "/v1/session/ways", "listWays", "How one can sign in here");
    let begin = at(
        HttpMethod::Get,
        "/v1/session/oidc",
        "beginSignIn",
        "Sends a browser to the provider of identities",
    );
    let back = at(HttpMethod::Get, CALLBACK, "endSignIn", "Takes a browser back from there")
        .about(
            "The provider sends browsers here. Only the one that began is let in. Where that is refused, who accepts \
             HTML is sent on to the page, which tells why (`refused` of `GET /v1/session/ways`).",
        );
    let brought = [
        ("code", "What is redeemed for who it is."),
        ("state", "What the provider was to send back."),
        ("iss", "Which provider says so."),
        ("error", "Why there is no code."),
        ("error_description", "The same in a sentence."),
    ];
    let back = brought
        .into_iter()
        .fold(back.open(), |back, (name, what)| back.with(query(name, what, text())));
    [
        ways.open().answers::<SignInWays>("Each way.").end(),
        of_provider(begin.open().sends_on("To the provider.")).end(),
        of_provider(back.sends_on("To the page, signed in or told why not."))
            .problem(400, "No sign-in of this browser is on its way.")
            .end(),
    ]
}

/// What may go wrong with a provider.
fn of_provider(one: Describing) -> Describing {
    one.problem(403, "The provider says no, or the server is not known by this name.")
        .problem(404, "There is no provider.")
        .problem(503, "The provider does not answer.")
        .problem(504, "It took too long.")
}

fn asking() -> [Described; 2] {
    let can = at(HttpMethod::Get, "/v1/can-i", "canI", "Whether the caller may do something")
        .with(needed("verb", "What.", text().examples(["promote"])))
        .with(query("namespace", "Where; everywhere when left out.", text()))
        .with(query("name", "To what; to everything when left out.", text()))
        .answers::<Permission>("Whether, and why not.");
    let path = "/v1/namespaces/{namespace}/rollouts/{name}/permissions";
    let all = at(HttpMethod::Get, path, "getPermissions", "What the caller may do with a rollout")
        .answers_map::<Permission>("Each verb, by its name.")
        .not_found();
    [can.end(), all.end()]
}
