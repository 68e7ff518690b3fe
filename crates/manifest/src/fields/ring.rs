//! The step of the plugin `tidegate/ring`.

use super::{Table, read};

pub(crate) static RING: Table = Table {
    place: "steps[].plugin.config of tidegate/ring",
    fields: &[
        read("ring", "its name, which no other ring and no managed route has; required"),
        read(
            "match",
            "who is in it: a list, any of which is enough; whoever is in an earlier ring stays in; \
             required",
        ),
        read(
            "scale",
            "the least replicas that the new revision has, until the next ring or the next \
             setCanaryScale",
        )
        .by_default("what its shares of users and its weight need, 1 at least"),
        read("soak", "how long it has to be open, in seconds or as a duration such as 10m")
            .default("0"),
        read("analysis", "an analysis that runs while it is open, and has to succeed"),
    ],
};

pub(crate) static RING_MATCH: Table = Table {
    place: "steps[].plugin.config.match[] of tidegate/ring, all of which a request has to meet",
    fields: &[
        read("header", "a header field of the request"),
        read("cookie", "a cookie of the request"),
        read(
            "region",
            "the region that it comes from: a name, a list of names, or names and header",
        ),
        read("users", "a share of the users, always the same ones"),
    ],
};

pub(crate) static RING_TEXT: Table = Table {
    place: "match[].header and match[].cookie of tidegate/ring",
    fields: &[
        read("name", "a header's name in whatever case; required"),
        read("exact", "the whole value; this, prefix or regex").by_default("it is there"),
        read("prefix", "how the value begins"),
        read("regex", "an expression that matches the whole value, in time linear in its length"),
    ],
};

pub(crate) static RING_REGION: Table = Table {
    place: "match[].region of tidegate/ring",
    fields: &[
        read("names", "a name or a list of names; required"),
        read(
            "header",
            "the field in which what stands in front of the router says it. Without the field, a \
             request comes from where its Service is, by the label topology.kubernetes.io/region",
        )
        .or_empty()
        .default("X-Region"),
    ],
};

pub(crate) static RING_USERS: Table = Table {
    place: "match[].users of tidegate/ring",
    fields: &[
        read("percent", "above 0, up to 100, with two digits after the point at most; required"),
        read("by", "what tells users apart")
            .by_default("a cookie that the router sets, tidegate-visitor"),
        read(
            "salt",
            "shares with the same salt and key are of the same users, in whatever rollout",
        )
        .or_empty()
        .by_default("the rollout's namespace and name"),
    ],
};

pub(crate) static RING_USER_KEY: Table = Table {
    place: "match[].users.by of tidegate/ring",
    fields: &[
        read("header", "the name of a header field; who has none is not in"),
        read("cookie", "the name of a cookie; who has none is not in"),
    ],
};

pub(crate) static RING_SCALE: Table = Table {
    place: "scale of tidegate/ring",
    fields: &[
        read("replicas", "so many, 1 or more; this or percent"),
        read("percent", "a share of spec.replicas, rounded up, 1 or more; it may be above 100"),
    ],
};
