//! What a container runs, of what its manifest and its image say.

use tidegate_workload::Container;

/// The program with its first arguments, and the arguments after it. As in Kubernetes, `command`
/// replaces the image's command and arguments, and `args` alone its arguments.
pub fn command<'a>(
    container: &'a Container,
    of_image: (&'a [String], &'a [String]),
) -> (&'a [String], &'a [String]) {
    match (&container.command[..], &container.args[..]) {
        ([], []) => of_image,
        ([], args) => (of_image.0, args),
        own => own,
    }
}
