use crate::{Kind, Token, problem::Problems};

/// What a container is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Job,
    Service,
}

/// Whether a container has an image, as far as that is known before the run.
pub(super) fn check(problems: &mut Problems<'_>, container: &Token, role: Role) {
    if container.has_expression() {
        return;
    }
    let image = match &container.kind {
        Kind::Text(image) => image,
        Kind::Map(_) => match container.get("image").map(|image| &image.kind) {
            Some(Kind::Text(image)) => image,
            // What is no text was told already.
            Some(_) => return,
            None => return problems.error(container.span, EMPTY),
        },
        _ => return,
    };
    let name = image.strip_prefix("docker://");
    // A job without an image runs on the machine; that is how one that is worked out can be left out.
    if name == Some("") || (image.is_empty() && role == Role::Service) {
        problems.error(container.span, EMPTY);
    }
}

const EMPTY: &str = "Container image cannot be empty";
