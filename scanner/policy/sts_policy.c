#include "scanner/policy/sts_policy.h"

#include "scanner/base/check.h"
#include "scanner/base/text.h"
#include "scanner/policy/octets.h"

#define MAX_AGE_SHORT  86400U /* RFC 8461 section 3.2 expects weeks */
#define MAX_AGE_DIGITS 10     /* RFC 8461 section 3.2 */
#define BITS_31        0x7fffffffU
#define NAME_OCTETS    253 /* RFC 1035 section 2.3.4 */
#define LABEL_OCTETS   63
#define HTML_EVIDENCE  64 /* octets of a page that are told */

const struct vocabulary sts_mode_vocabulary =
    VOCABULARY_OF(STS_MODES, "sts_mode", "mode", "What a policy requests.");

const struct vocabulary sts_policy_fault_vocabulary =
    VOCABULARY_OF(STS_POLICY_FAULTS, "sts_policy_fault", "fault",
                  "Faults and special features in the body of a policy. A line with a fault in mx "
                  "gives no pattern.");

/* --- the policy under work ----------------------------------------------------------------- */

struct once {
    bool seen;
    struct span value; /* the first */
};

struct reading {
    struct sts_policy *out;
    uint32_t line;
    bool fits;   /* the grammar to the letter, so far */
    bool usable; /* so is the lenient reading */
    struct once version;
    struct once mode;
    struct once max_age;
    bool is_sts_v1;
    bool told_too_many;
    size_t remarks; /* kept faults that do not break the policy */
};

/* E in the header. */
static bool breaks_policy(enum sts_policy_fault f)
{
    return f != STS_POLICY_MAX_AGE_OVER_MAX && f != STS_POLICY_MAX_AGE_SHORT &&
           f != STS_POLICY_KEY_CASE && f != STS_POLICY_DUPLICATE_KEY &&
           f != STS_POLICY_UNKNOWN_KEY && f != STS_POLICY_BLANK_LINE && f != STS_POLICY_BOM &&
           f != STS_POLICY_KEY_SPACE && f != STS_POLICY_LAST_CR && f != STS_POLICY_TOO_MANY_MX;
}

/* A policy is never invalid without the reason: where all places are taken, the last fault that does not
 * break it makes room. @return false: there is none */
static bool make_room(struct reading *r)
{
    struct sts_policy *out = r->out;
    size_t i = STS_FAULTS_MAX;
    if (r->remarks == 0) {
        return false;
    }
    do {
        i--;
    } while (breaks_policy(out->fault[i].fault));
    memmove(&out->fault[i], &out->fault[i + 1], (STS_FAULTS_MAX - i - 1) * sizeof(out->fault[0]));
    out->fault_count--;
    r->remarks--;
    return true;
}

static void sts_policy_note(struct reading *r, enum sts_policy_fault fault, struct span text)
{
    struct sts_policy *out = r->out;
    bool breaks = breaks_policy(fault);
    if (out->fault_count == STS_FAULTS_MAX) {
        out->faults_truncated = true;
        if (!breaks || !make_room(r)) {
            return;
        }
    }
    r->remarks += !breaks;
    out->fault[out->fault_count++] =
        (struct sts_policy_finding){.fault = fault, .line = r->line, .text = text};
}

static void sts_policy_add_quirk(struct reading *r, enum sts_policy_quirk quirk)
{
    r->out->quirks |= 1U << quirk;
}

/* @param fits the grammar takes it all the same */
static void remark(struct reading *r, enum sts_policy_fault fault, struct span text, bool fits)
{
    CHECK(!breaks_policy(fault));
    sts_policy_note(r, fault, text);
    r->fits = r->fits && fits;
}

static void break_policy(struct reading *r, enum sts_policy_fault fault, struct span text)
{
    CHECK(breaks_policy(fault));
    sts_policy_note(r, fault, text);
    r->fits = false;
    r->usable = false;
}

/* --- mx patterns --------------------------------------------------------------------------- */

static bool is_label(struct span label)
{
    if (label.len == 0 || label.len > LABEL_OCTETS || label.at[0] == '-' ||
        label.at[label.len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.len; i++) {
        if (!is_alnum(label.at[i]) && label.at[i] != '-') {
            return false;
        }
    }
    return true;
}

/* Domain of RFC 5321 section 4.1.2. */
static bool is_domain(struct span name)
{
    if (name.len == 0 || name.len > NAME_OCTETS || name.at[name.len - 1] == '.') {
        return false;
    }
    while (name.len > 0) {
        if (!is_label(text_take_until(&name, '.'))) {
            return false;
        }
    }
    return true;
}

static bool is_v4_octet(uint8_t c)
{
    return is_digit(c) || c == '.';
}

static bool is_v6_octet(uint8_t c)
{
    return is_v4_octet(c) || c == ':' || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static bool is_all(struct span s, bool (*is)(uint8_t))
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is(s.at[i])) {
            return false;
        }
    }
    return s.len > 0;
}

/* Digits and dots fit Domain (RFC 5321 section 4.1.2), but no name of a host ends in a number. */
static bool is_ip(struct span s)
{
    bool v4 = is_digit(s.at[0]) && has_octet(s, '.') && is_all(s, is_v4_octet);
    bool v6 = has_octet(span_behind(s, ':'), ':') && is_all(s, is_v6_octet);
    return v4 || v6 || s.at[0] == '[';
}

static bool has_trailing_dot(struct span domain)
{
    return domain.at[domain.len - 1] == '.' && is_domain(span_take(domain, domain.len - 1));
}

/* @return STS_POLICY_FAULT_COUNT: the pattern is well-formed */
static enum sts_policy_fault pattern_fault(struct span s)
{
    bool wildcard = begins_with(s, SPAN_LIT("*.")) && s.len > 2;
    struct span domain = wildcard ? span_drop(s, 2) : s;
    if (s.len == 0) {
        return STS_POLICY_MX_EMPTY;
    }
    if (is_ip(s)) {
        return STS_POLICY_MX_IP;
    }
    if (is_domain(domain)) {
        return STS_POLICY_FAULT_COUNT;
    }
    if (has_octet(s, '/')) {
        return STS_POLICY_MX_URL;
    }
    if (has_octet(s, '@')) {
        return STS_POLICY_MX_EMAIL;
    }
    if (is_all(span_behind(s, ':'), is_digit)) {
        return STS_POLICY_MX_PORT;
    }
    if (has_high_octet(s)) {
        return STS_POLICY_MX_U_LABEL;
    }
    if (span_eq(s, SPAN_LIT("*")) || span_eq(s, SPAN_LIT("*."))) {
        return STS_POLICY_MX_BARE_STAR;
    }
    if (s.at[0] == '.') {
        return STS_POLICY_MX_LEADING_DOT;
    }
    if (has_octet(domain, '*')) {
        return STS_POLICY_MX_INNER_WILDCARD;
    }
    if (has_trailing_dot(domain)) {
        return STS_POLICY_MX_TRAILING_DOT;
    }
    return has_octet(s, '_') ? STS_POLICY_MX_UNDERSCORE : STS_POLICY_MX_SYNTAX;
}

static enum sts_policy_quirk pattern_quirk(enum sts_policy_fault fault)
{
    return fault == STS_POLICY_MX_TRAILING_DOT ? STS_POLICY_QUIRK_MX_TRAILING_DOT
           : fault == STS_POLICY_MX_IP         ? STS_POLICY_QUIRK_MX_IP
                                               : STS_POLICY_QUIRK_MX_SYNTAX;
}

static void sts_policy_read_mx(struct reading *r, struct span value)
{
    struct sts_policy *out = r->out;
    enum sts_policy_fault fault = pattern_fault(value);
    out->mx_total++;
    if (fault != STS_POLICY_FAULT_COUNT) {
        break_policy(r, fault, value);
        sts_policy_add_quirk(r, pattern_quirk(fault));
    } else if (out->mx_count < STS_MX_PATTERNS_MAX) {
        out->mx[out->mx_count++] = value;
    } else if (!r->told_too_many) {
        r->told_too_many = true;
        remark(r, STS_POLICY_TOO_MANY_MX, value, true);
    }
}

/* --- the other keys ------------------------------------------------------------------------ */

/* @return false: it stood before, and the first counts (RFC 8461 section 3.2) */
static bool is_first(struct reading *r, struct once *once, struct span key, struct span value)
{
    if (once->seen) {
        remark(r, STS_POLICY_DUPLICATE_KEY, key, false); /* each is "required once" */
        sts_policy_add_quirk(r, span_eq(value, once->value) ? STS_POLICY_QUIRK_DUPLICATE_KEY
                                                            : STS_POLICY_QUIRK_DUPLICATE_DIFFERS);
        return false;
    }
    *once = (struct once){true, value};
    return true;
}

static void sts_policy_read_version(struct reading *r, struct span value)
{
    r->is_sts_v1 = span_eq(value, SPAN_LIT("STSv1"));
    if (!r->is_sts_v1) {
        break_policy(r, STS_POLICY_VERSION_BAD, value);
    }
}

static void read_mode(struct reading *r, struct span value)
{
    for (enum sts_mode m = STS_MODE_ENFORCE; m <= STS_MODE_NONE; m++) {
        const char *word = sts_mode_word(m);
        if (span_eq(value, (struct span){(const uint8_t *)word, strlen(word)})) {
            r->out->mode = m;
            return;
        }
    }
    r->out->mode = STS_MODE_BAD;
    break_policy(r, STS_POLICY_MODE_BAD, value);
}

static void read_max_age(struct reading *r, struct span value)
{
    uint64_t n = 0;
    if (value.len > MAX_AGE_DIGITS || !is_all(value, is_digit)) {
        break_policy(r, STS_POLICY_MAX_AGE_BAD, value);
        return;
    }
    for (size_t i = 0; i < value.len; i++) {
        n = n * 10 + (uint64_t)(value.at[i] - '0');
    }
    r->out->has_max_age = true;
    r->out->max_age = n;
    if (n > STS_MAX_AGE_LIMIT) {
        remark(r, STS_POLICY_MAX_AGE_OVER_MAX, value, false); /* though 1*10(DIGIT) takes it */
        sts_policy_add_quirk(r, STS_POLICY_QUIRK_MAX_AGE_OVER_MAX);
    } else if (n < MAX_AGE_SHORT) {
        remark(r, STS_POLICY_MAX_AGE_SHORT, value, true);
    }
    if (n > BITS_31) {
        sts_policy_add_quirk(r, STS_POLICY_QUIRK_MAX_AGE_OVER_31_BITS);
    }
}

/* sts-policy-ext-value: UTF-8 without control characters, at least one octet. */
static bool is_extension_value(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < 0x20 || s.at[i] == 0x7f) {
            return false;
        }
    }
    return s.len > 0 && text_is_utf8(s);
}

static bool is_known_key_in_any_case(struct span key)
{
    static const struct span known[] = {SPAN_INIT("version"), SPAN_INIT("mode"), SPAN_INIT("mx"),
                                        SPAN_INIT("max_age")};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (span_ieq(key, known[i])) {
            return true;
        }
    }
    return false;
}

static void sts_policy_read_extension(struct reading *r, struct span key, struct span value,
                                      struct span line)
{
    if (is_known_key_in_any_case(key)) {
        remark(r, STS_POLICY_KEY_CASE, key, true); /* an extension, by the letter */
        if (is_extension_value(value)) {
            return;
        }
    }
    if (!is_extension_name(key) || !is_extension_value(value)) {
        break_policy(r, STS_POLICY_SYNTAX, line);
        sts_policy_add_quirk(r, STS_POLICY_QUIRK_EXTENSION_SYNTAX);
    } else {
        remark(r, STS_POLICY_UNKNOWN_KEY, key, true);
    }
}

static void read_pair(struct reading *r, struct span key, struct span value, struct span line)
{
    if (span_eq(key, SPAN_LIT("version"))) {
        if (is_first(r, &r->version, key, value)) {
            sts_policy_read_version(r, value);
        }
    } else if (span_eq(key, SPAN_LIT("mode"))) {
        if (is_first(r, &r->mode, key, value)) {
            read_mode(r, value);
        }
    } else if (span_eq(key, SPAN_LIT("max_age"))) {
        if (is_first(r, &r->max_age, key, value)) {
            read_max_age(r, value);
        }
    } else if (span_eq(key, SPAN_LIT("mx"))) {
        sts_policy_read_mx(r, value);
    } else {
        sts_policy_read_extension(r, key, value, line);
    }
}

/* --- lines --------------------------------------------------------------------------------- */

static void read_line(struct reading *r, struct span line)
{
    if (trim(line).len == 0) {
        remark(r, STS_POLICY_BLANK_LINE, line, false);
        sts_policy_add_quirk(r, line.len == 0 ? STS_POLICY_QUIRK_BLANK_LINE
                                              : STS_POLICY_QUIRK_WHITE_LINE);
        return;
    }
    struct span key = span_before(line, ':');
    if (key.len == line.len) {
        break_policy(r, STS_POLICY_SYNTAX, line);
        sts_policy_add_quirk(r, STS_POLICY_QUIRK_NO_COLON);
        return;
    }
    if (trim(key).len != key.len) { /* sts-policy-field-delim is ":" *WSP */
        remark(r, STS_POLICY_KEY_SPACE, line, false);
        sts_policy_add_quirk(r, STS_POLICY_QUIRK_KEY_SPACE);
    }
    if (has_high_octet(line)) {
        sts_policy_add_quirk(r, STS_POLICY_QUIRK_NON_ASCII);
    }
    read_pair(r, trim(key), trim(span_drop(line, key.len + 1)), line);
}

/* LF or CRLF (RFC 8461 section 3.2). @return false at the end */
static bool sts_policy_take_line(struct reading *r, struct span *rest, struct span *line)
{
    if (rest->len == 0) {
        return false;
    }
    *line = span_before(*rest, '\n');
    bool ended = line->len < rest->len;
    *rest = span_drop(*rest, line->len + ended);
    r->line++;
    struct span whole = *line;
    while (line->len > 0 && line->at[line->len - 1] == '\r') {
        line->len--;
    }
    if (whole.len - line->len > 1) {
        break_policy(r, STS_POLICY_EXTRA_CR, whole);
        sts_policy_add_quirk(r, STS_POLICY_QUIRK_EXTRA_CR);
        if (line->len == 0) { /* for a reader that takes one CR off, the line is not empty */
            sts_policy_add_quirk(r, STS_POLICY_QUIRK_WHITE_LINE);
        }
    } else if (whole.len > line->len && !ended) { /* CR alone ends no line */
        remark(r, STS_POLICY_LAST_CR, whole, false);
        sts_policy_add_quirk(r, STS_POLICY_QUIRK_LAST_CR);
    }
    return true;
}

static bool sts_is_blank(struct span body)
{
    return text_trim(body).len == 0;
}

static bool is_html(struct span body)
{
    static const struct span heads[] = {SPAN_INIT("<!doctype"), SPAN_INIT("<html"),
                                        SPAN_INIT("<?xml"), SPAN_INIT("<head"), SPAN_INIT("<!--")};
    body = text_trim(body);
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        if (begins_with_any_case(body, heads[i])) {
            return true;
        }
    }
    return false;
}

static void note_missing(struct reading *r)
{
    r->line = 0;
    if (!r->version.seen) {
        break_policy(r, STS_POLICY_VERSION_MISSING, (struct span){0});
    }
    if (!r->mode.seen) {
        break_policy(r, STS_POLICY_MODE_MISSING, (struct span){0});
    }
    if (!r->max_age.seen) {
        break_policy(r, STS_POLICY_MAX_AGE_MISSING, (struct span){0});
    }
    if (r->out->mx_total == 0 && r->out->mode != STS_MODE_NONE) {
        break_policy(r, STS_POLICY_MX_MISSING, (struct span){0});
    }
}

static void sts_policy_read_lines(struct reading *r, struct span body)
{
    struct span line;
    while (sts_policy_take_line(r, &body, &line)) {
        read_line(r, line);
    }
    note_missing(r);
}

void sts_policy_read(struct span body, struct sts_policy *out)
{
    static const struct span bom = SPAN_INIT("\xef\xbb\xbf");
    struct reading r = {.out = out, .fits = true, .usable = true};
    out->quirks = 0;
    out->mode = STS_MODE_MISSING;
    out->has_max_age = false;
    out->max_age = 0;
    out->mx_count = 0;
    out->mx_total = 0;
    out->fault_count = 0;
    out->faults_truncated = false;
    if (begins_with(body, bom)) {
        body = span_drop(body, bom.len);
        remark(&r, STS_POLICY_BOM, (struct span){0}, false);
        sts_policy_add_quirk(&r, STS_POLICY_QUIRK_BOM);
    }
    if (sts_is_blank(body)) {
        break_policy(&r, STS_POLICY_EMPTY_BODY, (struct span){0});
    } else if (is_html(body)) {
        break_policy(&r, STS_POLICY_HTML, span_take(text_trim(body), HTML_EVIDENCE));
    } else {
        sts_policy_read_lines(&r, body);
    }
    out->strict_valid = r.fits;
    out->lenient_valid = r.usable;
    out->readable = r.is_sts_v1 && sts_mode_word(out->mode) != NULL && out->has_max_age &&
                    (out->mx_total > 0 || out->mode == STS_MODE_NONE);
}

bool sts_pattern_matches(struct span pattern, struct span host)
{
    if (pattern.len > 2 && begins_with(pattern, SPAN_LIT("*."))) {
        struct span label = span_before(host, '.'); /* the wildcard is one whole label */
        return label.len > 0 && span_ieq(span_drop(pattern, 2), span_behind(host, '.'));
    }
    return pattern.len > 0 && span_ieq(pattern, host);
}
