#include "scanner/explain/rpt_report.h"

#include <jansson.h>

#include "scanner/base/check.h"
#include "scanner/base/file_mark.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"

const struct vocabulary rpt_policy_type_vocabulary = VOCABULARY_WORDS(RPT_POLICY_TYPES);
const struct vocabulary rpt_details_vocabulary = VOCABULARY_WORDS(RPT_DETAILS);

/** What is freed with a report. */
struct rpt_memory {
    struct rpt_report report; /* first: it is what the caller has */
    json_t *root;
    struct rpt_policy *policies;
    struct rpt_failure **failures; /* by policy */
};

/* --- before it is parsed --------------------------------------------------------------------- */

bool rpt_report_is_likely(struct span octets)
{
    static const struct span keys[] = {
        SPAN_INIT("\"policies\""), SPAN_INIT("\"organization-name\""), SPAN_INIT("\"report-id\"")};
    octets = text_trim(span_drop(octets, file_mark_utf8_len(octets)));
    if (octets.len == 0 || octets.at[0] != '{') {
        return false;
    }
    struct span rest = text_trim(span_drop(octets, 1));
    if (rest.len == 1 && rest.at[0] == '}') { /* no line of a log is an empty object */
        return true;
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (memmem(octets.at, octets.len, keys[i].at, keys[i].len) != NULL) {
            return true;
        }
    }
    return false;
}

bool rpt_mail_is_likely(struct span octets)
{
    static const struct span marks[] = {SPAN_INIT("application/tlsrpt+"),
                                        SPAN_INIT("report-type=tlsrpt"),
                                        SPAN_INIT("report-type=\"tlsrpt\"")};
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (octets.len > 0 && memmem(octets.at, octets.len, marks[i].at, marks[i].len) != NULL) {
            return true;
        }
    }
    return false;
}

/** Depth and number of values, since a parser takes a hundred octets of memory for "[],". */
static const char *shape_fault(struct span json)
{
    size_t depth = 0;
    size_t values = 1;
    bool quoted = false;
    for (size_t i = 0; i < json.len; i++) {
        uint8_t c = json.at[i];
        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            values++;
            if (++depth > RPT_DEPTH_MAX) {
                return "objects and lists are nested more than 16 deep";
            }
        } else if (c == '}' || c == ']') {
            depth -= depth > 0;
        } else if (c == ',') {
            values++;
        }
        if (values > RPT_VALUES_MAX) {
            return "it has more than 300000 values";
        }
    }
    return NULL;
}

/* --- values ---------------------------------------------------------------------------------- */

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

#define EXACT_MAX 9007199254740992.0 /* 2^53: beyond it a double is no exact number */

/** A count; some senders write it as text, or as 7.0. Absent: 0. @return false: it is none */
static bool count_at(const json_t *object, const char *key, uint64_t *out)
{
    const json_t *value = json_object_get(object, key);
    *out = 0;
    if (value == NULL || json_is_null(value)) {
        return true;
    }
    if (json_is_string(value)) {
        return text_to_u64(span_of(json_string_value(value)), out);
    }
    if (json_is_real(value)) {
        double real = json_real_value(value);
        bool whole = real >= 0 && real <= EXACT_MAX && (double)(uint64_t)real == real;
        *out = whole ? (uint64_t)real : 0;
        return whole;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        return false;
    }
    *out = (uint64_t)json_integer_value(value);
    return true;
}

/** The mode in the lines of an MTA-STS policy. */
static const char *mode_of(const json_t *policy)
{
    static const char key[] = "mode:";
    const json_t *lines = json_object_get(policy, "policy-string");
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const char *line = json_string_value(json_array_get(lines, i));
        if (line != NULL && strncmp(line, key, strlen(key)) == 0) {
            line += strlen(key);
            return line + strspn(line, " \t");
        }
    }
    return "";
}

/* --- parts of a report ----------------------------------------------------------------------- */

struct rpt_reading {
    const char *origin;
    size_t policy; /* from 1 */
    struct buf *why;
};

static bool rpt_fault(const struct rpt_reading *r, const char *what)
{
    buf_putf(r->why, "%s: policy %zu: %s", r->origin, r->policy, what);
    return false;
}

static bool read_failure(const struct rpt_reading *r, const json_t *json, struct rpt_failure *f)
{
    unsigned result = RPT_RESULT_UNKNOWN;
    f->result_text = text_at(json, "result-type");
    (void)vocabulary_find(&result_type_vocabulary, span_of(f->result_text), &result);
    f->result = result;
    f->sending_ip = text_at(json, "sending-mta-ip");
    f->mx_host = text_at(json, "receiving-mx-hostname");
    f->receiving_ip = text_at(json, "receiving-ip");
    f->reason = text_at(json, "failure-reason-code");
    return (json_is_object(json) && count_at(json, "failed-session-count", &f->sessions)) ||
           rpt_fault(r, "failure-details must be objects, failed-session-count a whole number, "
                        "not negative");
}

static bool read_failures(const struct rpt_reading *r, const json_t *list,
                          struct rpt_failure **failures, struct rpt_policy *p)
{
    p->failure_count = json_array_size(list);
    if (list != NULL && !json_is_null(list) && !json_is_array(list)) {
        return rpt_fault(r, "failure-details must be a list");
    }
    if (p->failure_count > RPT_FAILURES_MAX) {
        return rpt_fault(r, "more than 10000 failure-details");
    }
    *failures = memory_new(p->failure_count, sizeof(**failures));
    p->failures = *failures;
    for (size_t i = 0; i < p->failure_count; i++) {
        if (!read_failure(r, json_array_get(list, i), &(*failures)[i])) {
            return false;
        }
    }
    return true;
}

/** RFC 8460 section 4: counts of failure types may overlap where one session met several, so the sum of the details
 * may be more than the total; no single one may. */
static enum rpt_details details_of(const struct rpt_policy *p)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < p->failure_count; i++) {
        uint64_t sessions = p->failures[i].sessions;
        if (sessions > p->failed) {
            return RPT_DETAILS_CONTRADICT;
        }
        sum = sum > UINT64_MAX - sessions ? UINT64_MAX : sum + sessions;
    }
    return sum == p->failed  ? RPT_DETAILS_AGREE
           : sum > p->failed ? RPT_DETAILS_OVERLAP
                             : RPT_DETAILS_LACK;
}

static bool rpt_read_policy(const struct rpt_reading *r, const json_t *json,
                            struct rpt_failure **failures, struct rpt_policy *p)
{
    const json_t *policy = json_object_get(json, "policy");
    const json_t *summary = json_object_get(json, "summary");
    unsigned type = RPT_POLICY_OTHER;
    if (!json_is_object(policy)) {
        return rpt_fault(r, "it must have an object 'policy' (RFC 8460 section 4.4)");
    }
    (void)vocabulary_find(&rpt_policy_type_vocabulary, span_of(text_at(policy, "policy-type")),
                          &type);
    p->type = (enum rpt_policy_type)type;
    p->domain = text_at(policy, "policy-domain");
    p->mode = mode_of(policy);
    if (!count_at(summary, "total-successful-session-count", &p->succeeded) ||
        !count_at(summary, "total-failure-session-count", &p->failed)) {
        return rpt_fault(r, "the counts of its summary must be whole numbers, not negative");
    }
    if (!read_failures(r, json_object_get(json, "failure-details"), failures, p)) {
        return false;
    }
    p->details = details_of(p);
    return true;
}

static bool rpt_read_policies(struct rpt_memory *m, const char *origin, struct buf *why)
{
    const json_t *list = json_object_get(m->root, "policies");
    size_t count = json_array_size(list);
    if (!json_is_array(list)) {
        buf_putf(why, "%s: no report of TLS-RPT: it has no list 'policies' (RFC 8460 section 4.4)",
                 origin);
        return false;
    }
    if (count > RPT_POLICIES_MAX) {
        buf_putf(why, "%s: more than %d policies", origin, RPT_POLICIES_MAX);
        return false;
    }
    m->policies = memory_new(count, sizeof(*m->policies));
    m->failures = memory_new(count, sizeof(*m->failures));
    m->report.policies = m->policies;
    m->report.policy_count = count;
    for (size_t i = 0; i < count; i++) {
        struct rpt_reading r = {origin, i + 1, why};
        if (!rpt_read_policy(&r, json_array_get(list, i), &m->failures[i], &m->policies[i])) {
            return false;
        }
    }
    return true;
}

/* --- the report ------------------------------------------------------------------------------ */

static const char *json_fault_words(const json_error_t *error)
{
    switch ((unsigned)json_error_code(error)) {
    case json_error_numeric_overflow:
        return "a number is too large (over 9223372036854775807)";
    case json_error_premature_end_of_input:
        return "it ends too early, as a file that was cut";
    case json_error_end_of_input_expected:
        return "something follows the end of the report; each report is a file of its own";
    case json_error_invalid_utf8:
        return "a text is no UTF-8 (RFC 8259 section 8.1)";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a text has a NUL";
    default:
        return "this is no JSON (RFC 8259)";
    }
}

/** @return NULL with one line in `why` */
static json_t *root_read(struct span json, const char *origin, struct buf *why)
{
    json_error_t error;
    const char *fault = shape_fault(json);
    if (fault != NULL) {
        buf_putf(why, "%s: %s", origin, fault);
        return NULL;
    }
    json_t *root = json_loadb(json.len > 0 ? (const char *)json.at : "", json.len, 0, &error);
    if (root == NULL) {
        buf_putf(why, "%s: no report of TLS-RPT: line %d, column %d: %s", origin, error.line,
                 error.column, json_fault_words(&error));
    } else if (!json_is_object(root)) {
        buf_putf(why, "%s: no report of TLS-RPT: it is no JSON object (RFC 8460 section 4.4)",
                 origin);
        json_decref(root);
        return NULL;
    }
    return root;
}

struct rpt_report *rpt_report_read(struct span json, const char *origin, struct buf *why)
{
    /* RFC 8259 section 8.1: none should be there, and one may be ignored. */
    json_t *root = root_read(span_drop(json, file_mark_utf8_len(json)), origin, why);
    if (root == NULL) {
        return NULL;
    }
    struct rpt_memory *m = memory_new(1, sizeof(*m));
    m->root = root;
    const json_t *range = json_object_get(m->root, "date-range");
    m->report.organization = text_at(m->root, "organization-name");
    m->report.report_id = text_at(m->root, "report-id");
    m->report.begin = text_at(range, "start-datetime");
    m->report.end = text_at(range, "end-datetime");
    if (!rpt_read_policies(m, origin, why)) {
        rpt_report_free(&m->report);
        return NULL;
    }
    return &m->report;
}

void rpt_report_free(struct rpt_report *r)
{
    if (r == NULL) {
        return;
    }
    struct rpt_memory *m = (struct rpt_memory *)(void *)r;
    for (size_t i = 0; m->failures != NULL && i < r->policy_count; i++) {
        free(m->failures[i]);
    }
    free(m->failures);
    free(m->policies);
    json_decref(m->root);
    free(m);
}
