//! The configuration that follows from a route table.
//!
//! Each listener is a server, each revision behind it an upstream; variables, each made by a `map` or
//! `split_clients`, say which of them a request goes to. They are named after the places of the
//! listener and the revision in the table, so that nothing that people write becomes a name here.

mod choice;
mod rules;
mod server;

use std::{borrow::Cow, collections::BTreeMap, fmt::Write as _};

use tidegate_traffic::{RouteTable, VISITOR_AGE, VISITOR_COOKIE};
use tidegate_units::ObjectKey;

use crate::files::Files;

/// What a configuration is made for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'a> {
    /// Where nginx keeps its files.
    pub(crate) files: &'a Files,
    /// Processes that carry requests.
    pub(crate) workers: usize,
    /// Files that each of them may have open.
    pub(crate) open_files: u64,
    /// Whether it runs as root, and its workers should too.
    pub(crate) as_root: bool,
}

/// A configuration, and what of the table is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rendered {
    /// The file's text.
    pub(crate) text: String,
    /// For each Service, what nginx cannot follow as it is, with the reason.
    pub(crate) left_out: BTreeMap<ObjectKey, String>,
}

/// What each configuration begins with; its number follows.
const FIRST_LINE: &str = "# Written by Tidegate, and over at its next change. Number ";

/// The number of a configuration; none for one that was not written here.
pub(crate) fn number_of(text: &str) -> Option<u64> {
    text.strip_prefix(FIRST_LINE)?.lines().next()?.parse().ok()
}

/// The configuration number `number`, in which requests follow `table`.
pub(crate) fn render(table: &RouteTable, number: u64, setting: Setting<'_>) -> Rendered {
    let mut rendered = Rendered { text: head(number, setting), ..Rendered::default() };
    for (place, listener) in table.listeners.iter().enumerate() {
        let (rules, mut left_out) = rules::translate(place, listener);
        left_out.extend(choice::rounded(listener));
        let mut listener = Cow::Borrowed(listener);
        // A sign that nginx takes for a variable in whatever quotes.
        if let Some(sticky) = listener.sticky.as_ref().filter(|sticky| sticky.cookie.contains('$'))
        {
            left_out
                .push(format!("nginx cannot set the cookie {}: no client is kept", sticky.cookie));
            listener.to_mut().sticky = None;
        }
        let listener = listener.as_ref();
        if !left_out.is_empty() {
            let told = rendered.left_out.entry(listener.service.clone()).or_default();
            let gap = if told.is_empty() { "" } else { "; " };
            let _ = write!(told, "{gap}{}", left_out.join("; "));
        }
        rendered.text.push('\n');
        choice::write(&mut rendered.text, place, listener, &rules);
        server::write(&mut rendered.text, place, listener, &rules, number, setting.files);
    }
    rendered.text.push_str("}\n");
    rendered
}

/// Everything that does not depend on the table.
fn head(number: u64, setting: Setting<'_>) -> String {
    let Setting { files, workers, open_files, as_root } = setting;
    // A connection to the client and one to the replica for each request.
    let connections = (open_files / 2).max(64);
    let (known, age) = (rules::cookie(VISITOR_COOKIE, "tg_known"), VISITOR_AGE.as_secs());
    let user = if as_root { "user root;\n" } else { "" };
    let [pid, errors, socket, temporary] =
        [files.pid(), files.errors(number), files.socket(), files.temporary()]
            .map(|path| path.display().to_string());
    format!(
        r#"{FIRST_LINE}{number}
{user}worker_processes {workers};
worker_rlimit_nofile {open_files};
# A WebSocket keeps its worker for as long as the built-in router keeps a silent one.
worker_shutdown_timeout 1h;
pid {pid};
error_log {errors} error;
events {{
    worker_connections {connections};
}}
http {{
    access_log off;
    server_tokens off;
    client_body_temp_path {temporary}/body;
    proxy_temp_path {temporary}/proxy;
    fastcgi_temp_path {temporary}/fastcgi;
    uwsgi_temp_path {temporary}/uwsgi;
    scgi_temp_path {temporary}/scgi;

    map_hash_bucket_size 256;
    map_hash_max_size 16384;
    variables_hash_bucket_size 128;
    variables_hash_max_size 8192;
    underscores_in_headers on;
    ignore_invalid_headers off;
    merge_slashes off;

    # A worker that is being replaced closes the connections on which no request is, and a request
    # that is just on its way there would be lost: so each connection carries one.
    keepalive_timeout 0;
    client_header_timeout 10s;
    client_header_buffer_size 4k;
    large_client_header_buffers 4 64k;
    client_body_timeout 60s;
    client_max_body_size 100m;
    client_body_buffer_size 256k;
    send_timeout 60s;

    proxy_http_version 1.1;
    proxy_request_buffering off;
    proxy_buffering off;
    proxy_buffer_size 64k;
    proxy_buffers 4 64k;
    proxy_max_temp_file_size 0;
    proxy_connect_timeout 1s;
    proxy_send_timeout 60s;
    proxy_read_timeout 60s;
    # Another replica gets what this one has not taken, and no request twice that must not be.
    proxy_next_upstream error;
    proxy_next_upstream_tries 3;
    proxy_redirect off;
    proxy_pass_header Date;
    proxy_pass_header Server;
    proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;

    map $http_host $tg_host {{ "" localhost; default $http_host; }}
    map $http_x_forwarded_proto $tg_proto {{ "" $scheme; default $http_x_forwarded_proto; }}
    map $http_x_forwarded_host $tg_forwarded_host {{ "" $http_host; default $http_x_forwarded_host; }}
    map "$http_connection|$http_upgrade" $tg_upgrade {{
        default "";
        "~*\\A[^|]*\\bupgrade\\b[^|]*\\|(?!h2)." 1;
    }}
    map $http_x_tidegate_mirror $tg_original {{ "" 1; default 0; }}
    map $request_id $tg_newcomer {{ default ""; "~\\A(?<tg_number>.{{16}})" $tg_number; }}
    map $tg_known $tg_visitor {{ "" $tg_newcomer; default $tg_known; }}
    map $tg_known $tg_visitor_set {{
        "" "{VISITOR_COOKIE}=$tg_newcomer; Max-Age={age}; Path=/; HttpOnly; SameSite=Lax";
        default "";
    }}
{known}    map $request_uri $tg_path {{ default ""; "~\\A(?<tg_before_query>[^?]*)" $tg_before_query; }}

    server {{
        listen unix:{socket};
        location = /number {{ return 200 "{number}"; }}
    }}
"#
    )
}

/// The name of the upstream of a listener's destination.
pub(crate) fn upstream(place: usize, destination: usize) -> String {
    format!("tg{place}_{destination}")
}

/// A text as one word of a configuration.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests;
