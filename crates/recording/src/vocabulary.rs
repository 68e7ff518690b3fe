//! Names of columns as exports have them: without unit and spaces, the likeliest first.

/// Columns with the time.
pub(crate) const TIMES: [&str; 38] = [
    "time",
    "timestamp",
    "ts",
    "datetime",
    "timestampms",
    "date",
    "at",
    "timeiso8601",
    "timelocal",
    "starttime",
    "starttimeunix",
    "startedat",
    "start",
    "begin",
    "eventtime",
    "createdat",
    "epoch",
    "unixtime",
    "unix",
    "timeunix",
    "unixtimestamp",
    "offset",
    "t",
    "elapsed",
    "requeststart",
    "msec",
    "startutc",
    "timegenerated",
    "eventtimestamp",
    "edgestarttimestamp",
    "requestedat",
    "receivedat",
    "logtime",
    "timeutc",
    "datetimeutc",
    "timestamputc",
    "starttimestamp",
    "sampletime",
];
/// Columns with how long a request took.
pub(crate) const LATENCIES: [&str; 28] = [
    "elapsed",
    "duration",
    "latency",
    "responsetime",
    "requesttime",
    "requestduration",
    "reqtime",
    "httpreqduration",
    "resptime",
    "responselatency",
    "requestlatency",
    "rt",
    "took",
    "timetaken",
    "totaltime",
    "servicetime",
    "rtt",
    "ttfb",
    "ttime",
    "timetotal",
    "elapsedtime",
    "totalduration",
    "durationtotal",
    "executiontime",
    "processingtime",
    "roundtriptime",
    "originresponseduration",
    "ta",
];
/// Columns with the status of an answer.
pub(crate) const CODES: [&str; 24] = [
    "status",
    "statuscode",
    "code",
    "responsecode",
    "httpstatus",
    "httpcode",
    "httpstatuscode",
    "httpresponsecode",
    "httpresponsestatuscode",
    "responsestatus",
    "responsestatuscode",
    "scstatus",
    "grpcstatus",
    "grpcstatuscode",
    "grpccode",
    "rpcgrpcstatuscode",
    "respcode",
    "outcome",
    "result",
    "downstreamstatus",
    "edgeresponsestatus",
    "resultcode",
    "originstatus",
    "returncode",
];
/// Columns with whether a request went well.
pub(crate) const WELL: [&str; 5] = ["success", "succeeded", "successful", "passed", "ok"];
/// Columns with whether it failed.
pub(crate) const FAILED: [&str; 6] = ["failed", "iserror", "haserror", "failure", "error", "err"];
/// Columns with the revision.
pub(crate) const ARMS: [&str; 9] =
    ["arm", "revision", "variant", "track", "group", "version", "role", "deployment", "cohort"];
/// Columns with the name of a series, where each row is one value.
pub(crate) const SERIES: [&str; 5] = ["metricname", "metric", "series", "field", "name"];
/// Columns with that value.
pub(crate) const VALUES: [&str; 3] = ["value", "metricvalue", "val"];
/// Columns that tell single requests apart: a table that has one is of requests.
pub(crate) const OF_REQUESTS: [&str; 16] = [
    "traceid",
    "spanid",
    "requestid",
    "url",
    "uri",
    "path",
    "method",
    "httpmethod",
    "endpoint",
    "operation",
    "operationname",
    "spanname",
    "threadname",
    "useragent",
    "remoteaddr",
    "label",
];
/// Columns that number or address the rows.
pub(crate) const ROW_NUMBERS: [&str; 9] =
    ["", "index", "id", "seq", "row", "unnamed0", "table", "rownumber", "no"];
/// Columns with the time at which a request ended.
pub(crate) const ENDS: [&str; 7] =
    ["endtime", "endtimeunix", "endedat", "end", "finishedat", "finishtime", "completedat"];
/// Columns with the time at which it began, where another has its end.
pub(crate) const BEGINS: [&str; 6] =
    ["starttime", "starttimeunix", "startedat", "start", "begin", "starttimestamp"];
