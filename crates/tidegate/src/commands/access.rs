//! Who may do what: accounts, tokens and roles, and what the caller may do.

use std::process::ExitCode;

use serde_json::json;
use tidegate_access::{Account, AccountKind, Binding, BindingSubject, Name, Scope, Verb};
use tidegate_api::{
    AccountWish, BindingWish, CodeView, Items, NewToken, Permission, SessionView, TokenView,
    TokenWish,
};
use tidegate_units::Timestamp;

use crate::{
    args::{
        AccessCommand, AccountCommand, AddArgs, BindArgs, CanIArgs, Global, TokenArgs, TokenCommand,
    },
    client::{Client, escape},
    error::{CliError, ErrorKind},
    exit,
    output::Output,
    table::Table,
    times::{age, now},
};

const ACCOUNTS: &str = "/v1/access/accounts";
const TOKENS: &str = "/v1/access/tokens";
const BINDINGS: &str = "/v1/access/bindings";

/// Carries out a command about access.
pub(crate) async fn run(global: &Global, command: AccessCommand) -> Result<ExitCode, CliError> {
    let client = Client::find(global)?;
    let output = Output::new(global);
    match command {
        AccessCommand::User(command) => {
            account(&client, output, AccountKind::User, command).await?;
        }
        AccessCommand::ServiceAccount(command) => {
            account(&client, output, AccountKind::ServiceAccount, command).await?;
        }
        AccessCommand::Token(command) => token(&client, output, command).await?,
        AccessCommand::Bind(args) => bind(&client, output, args).await?,
        AccessCommand::Unbind { id } => {
            remove(&client, output, BINDINGS, "binding", &id, "taken away").await?;
        }
        AccessCommand::Bindings => bindings(&client, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn account(
    client: &Client,
    mut output: Output,
    kind: AccountKind,
    command: AccountCommand,
) -> Result<(), CliError> {
    match command {
        AccountCommand::List => {
            let mut all: Items<Account> = client.get(ACCOUNTS).await?;
            all.items.retain(|account| account.kind == kind);
            output.data(&all.items, |output| output.line(accounts_table(&all.items)))
        }
        AccountCommand::Add(AddArgs { name, group }) => {
            let groups = (!group.is_empty()).then(|| group.into_iter().collect());
            put(client, output, AccountWish { name, kind, groups, disabled: None }).await
        }
        AccountCommand::Disable { name } => set(client, output, kind, name, true).await,
        AccountCommand::Enable { name } => set(client, output, kind, name, false).await,
        AccountCommand::Remove { name } => {
            let known = one(client, kind, &name).await?;
            remove(client, output, ACCOUNTS, "account", &known.name, "taken away").await
        }
    }
}

/// The account of this name and kind, which has to be there.
async fn one(client: &Client, kind: AccountKind, name: &Name) -> Result<Account, CliError> {
    let all: Items<Account> = client.get(ACCOUNTS).await?;
    let found = all.items.into_iter().find(|one| one.name == *name && one.kind == kind);
    found.ok_or_else(|| {
        let (what, command) = match kind {
            AccountKind::User => ("user", "user"),
            AccountKind::ServiceAccount => ("service account", "service-account"),
        };
        CliError::new(ErrorKind::Failed, format!("there is no {what} {name}"))
            .hint(format!("`tidegate access {command} list` shows those that are there"))
    })
}

async fn set(
    client: &Client,
    output: Output,
    kind: AccountKind,
    name: Name,
    disabled: bool,
) -> Result<(), CliError> {
    one(client, kind, &name).await?;
    put(client, output, AccountWish { name, kind, groups: None, disabled: Some(disabled) }).await
}

async fn put(client: &Client, mut output: Output, wish: AccountWish) -> Result<(), CliError> {
    let account: Account = client.post(ACCOUNTS, &wish).await?.json()?;
    output.data(&account, |output| {
        let Account { name, groups, disabled, .. } = &account;
        let groups = groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let groups = if groups.is_empty() { "no group".to_owned() } else { groups };
        let state = if *disabled { "disabled" } else { "let in" };
        output.line(format!("{name} is {state}, in {groups}"))
    })
}

fn accounts_table(accounts: &[Account]) -> Table {
    let now = now();
    let mut table = Table::new(["NAME", "GROUPS", "STATE", "AGE", "BY"]);
    for account in accounts {
        let groups = account.groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        table.row(vec![
            account.name.to_string(),
            groups,
            if account.disabled { "disabled" } else { "active" }.to_owned(),
            age(now.since(account.created_at)),
            account.created_by.clone(),
        ]);
    }
    table
}

async fn token(client: &Client, mut output: Output, command: TokenCommand) -> Result<(), CliError> {
    match command {
        TokenCommand::List => {
            let all: Items<TokenView> = client.get(TOKENS).await?;
            output.data(&all.items, |output| output.line(tokens_table(&all.items)))
        }
        TokenCommand::Create(args) => create(client, output, args).await,
        TokenCommand::Revoke { id } => {
            remove(client, output, TOKENS, "token", &id, "revoked").await
        }
    }
}

async fn create(client: &Client, mut output: Output, args: TokenArgs) -> Result<(), CliError> {
    let TokenArgs { account, note, expires, only, only_in } = args;
    let scope = Scope {
        verbs: (!only.is_empty()).then(|| only.into_iter().collect()),
        namespaces: (!only_in.is_empty()).then(|| only_in.into_iter().collect()),
    };
    let wish = TokenWish { account, note, scope, expires_at: expires.from(now()) };
    let made: NewToken = client.post(TOKENS, &wish).await?.json()?;
    // The token alone, so that it can be written into a file.
    output.data(&made, |output| output.line(&made.token))
}

fn tokens_table(tokens: &[TokenView]) -> Table {
    let now = now();
    let mut table = Table::new(["ID", "ACCOUNT", "STATE", "ENDS", "AGE", "NOTE"]);
    for token in tokens {
        let over = token.expires_at.is_some_and(|at| at <= now);
        let state = match (token.revoked_at, over) {
            (Some(_), _) => "revoked",
            (None, true) => "expired",
            (None, false) => "active",
        };
        let ends = token.expires_at.map_or_else(|| "never".to_owned(), Timestamp::whole_seconds);
        table.row(vec![
            token.id.to_string(),
            token.account.to_string(),
            state.to_owned(),
            ends,
            age(now.since(token.created_at)),
            token.note.clone(),
        ]);
    }
    table
}

async fn bind(client: &Client, mut output: Output, args: BindArgs) -> Result<(), CliError> {
    let BindArgs { role, account, group, namespaces, application } = args;
    let subject = match (account, group) {
        (Some(account), _) => BindingSubject::Account(account),
        (None, Some(group)) => BindingSubject::Group(group),
        (None, None) => {
            return Err(CliError::new(ErrorKind::Usage, "nobody is named")
                .hint("name one with --account or --group"));
        }
    };
    let wish = BindingWish { subject, role, namespace: namespaces, application };
    let made: Binding = client.post(BINDINGS, &wish).await?.json()?;
    output.data(&made, |output| {
        let Binding { id, subject, role, namespace, application, .. } = &made;
        let (whom, role) = (whom(subject), role.name());
        let (namespace, application) = (namespace.as_str(), application.as_str());
        output.line(format!("{whom} is {role} over {namespace}/{application} ({id})"))
    })
}

fn whom(subject: &BindingSubject) -> String {
    match subject {
        BindingSubject::Account(name) => name.to_string(),
        BindingSubject::Group(group) => format!("group {group}"),
    }
}

async fn bindings(client: &Client, mut output: Output) -> Result<(), CliError> {
    let all: Items<Binding> = client.get(BINDINGS).await?;
    output.data(&all.items, |output| {
        let now = now();
        let mut table = Table::new(["ID", "WHO", "ROLE", "IN", "APPLICATION", "AGE", "BY"]);
        for binding in &all.items {
            table.row(vec![
                binding.id.to_string(),
                whom(&binding.subject),
                binding.role.name().to_owned(),
                binding.namespace.as_str().to_owned(),
                binding.application.as_str().to_owned(),
                age(now.since(binding.created_at)),
                binding.created_by.clone(),
            ]);
        }
        output.line(table)
    })
}

async fn remove(
    client: &Client,
    mut output: Output,
    path: &str,
    what: &str,
    name: &Name,
    done: &str,
) -> Result<(), CliError> {
    let there = client.delete(&format!("{path}/{}", escape(name.as_str()))).await?;
    if !there {
        return Err(CliError::new(ErrorKind::Failed, format!("there is no {what} {name}"))
            .hint("`tidegate access` lists accounts, tokens and roles"));
    }
    let told = json!({"kind": what, "name": name, "done": done});
    output.data(&told, |output| output.line(format!("{what} {name} is {done}")))
}

/// Tells whether the caller may do something: exit code 0 if so, 1 if not.
pub(crate) async fn can_i(global: &Global, args: &CanIArgs) -> Result<ExitCode, CliError> {
    let client = Client::find(global)?;
    let mut output = Output::new(global);
    let name = args.name.as_deref().unwrap_or("*");
    let asked = async |verb: Verb| {
        let namespace = escape(&global.namespace);
        let path = format!("/v1/can-i?verb={verb}&namespace={namespace}&name={}", escape(name));
        client.get::<Permission>(&path).await
    };
    if let Some(verb) = args.verb {
        let permission = asked(verb).await?;
        output.data(&permission, |output| match &permission.reason {
            None => output.line(output.paint.green("yes")),
            Some(reason) => output.line(format!("no: {reason}")),
        })?;
        return Ok(ExitCode::from(if permission.allowed { exit::OK } else { exit::FAILED }));
    }
    let mut all = std::collections::BTreeMap::new();
    for verb in Verb::ALL {
        all.insert(verb, asked(verb).await?);
    }
    output.data(&all, |output| {
        let mut table = Table::new(["VERB", "MAY", "WHY NOT"]);
        for (verb, Permission { allowed, reason }) in &all {
            let may = if *allowed { "yes" } else { "no" };
            table.row(vec![verb.to_string(), may.to_owned(), reason.clone().unwrap_or_default()]);
        }
        output.line(table)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Tells who the caller is.
pub(crate) async fn whoami(global: &Global) -> Result<ExitCode, CliError> {
    let client = Client::find(global)?;
    let who: SessionView = client.get("/v1/session").await?;
    Output::new(global).data(&who, |output| {
        output.line(&who.name)?;
        if let Some(until) = who.expires_at {
            output.line(format!("until {}", until.whole_seconds()))?;
        }
        let mut table = Table::new(["ROLE", "IN", "APPLICATION"]);
        for one in &who.roles {
            let (namespace, application) = (one.namespace.as_str(), one.application.as_str());
            table.row(vec![one.role.name().to_owned(), namespace.into(), application.into()]);
        }
        output.line(table)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Prints a link that signs a browser in as the caller, once, within a minute.
pub(crate) async fn sign_in(global: &Global) -> Result<ExitCode, CliError> {
    let client = Client::find(global)?;
    let made: CodeView = client.post("/v1/session/codes", &json!({})).await?.json()?;
    let link = format!("{}/#code={}", client.url(), made.code);
    let told = json!({"link": link, "expiresAt": made.expires_at});
    Output::new(global).data(&told, |output| output.line(&link))?;
    Ok(ExitCode::SUCCESS)
}
