#include "tests/lab/policy_text.h"

#include <string.h>

#include "scanner/base/check.h"
#include "scanner/base/text.h"

#define MANY_MX 2000

static const char *const fault_words[] = {
#define X(name, word) word,
    LAB_POLICY_FAULTS(X)
#undef X
};
static const char *const pattern_words[] = {
#define X(name, word) word,
    LAB_PATTERNS(X)
#undef X
};
#define PATTERN_COUNT (sizeof(pattern_words) / sizeof(pattern_words[0]))

const char *lab_policy_fault_word(enum lab_policy_fault f)
{
    return fault_words[f];
}

const char *lab_pattern_word(enum lab_patterns p)
{
    return pattern_words[p];
}

static bool copy(char *to, size_t size, const char *from)
{
    size_t len = strlen(from);
    if (len >= size) {
        return false;
    }
    memcpy(to, from, len + 1);
    return true;
}

static int word_index(const char *const *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], word) == 0) {
            return (int)i;
        }
    }
    return -1;
}

bool policy_text_set(struct policy_text *t, const char *key, const char *value)
{
    if (strcmp(key, "mode") == 0) {
        return copy(t->mode, sizeof(t->mode), value);
    }
    if (strcmp(key, "max-age") == 0) {
        return copy(t->max_age, sizeof(t->max_age), value);
    }
    if (strcmp(key, "mx") == 0) {
        return copy(t->given, sizeof(t->given), value);
    }
    if (strcmp(key, "lines") == 0) {
        return copy(t->lines, sizeof(t->lines), value);
    }
    if (strcmp(key, "eol") == 0) {
        t->lf = strcmp(value, "lf") == 0;
        return t->lf || strcmp(value, "crlf") == 0;
    }
    if (strcmp(key, "patterns") == 0) {
        int i = word_index(pattern_words, PATTERN_COUNT, value);
        t->patterns = i >= 0 ? (enum lab_patterns)i : t->patterns;
        return i >= 0;
    }
    if (strcmp(key, "fault") == 0) {
        int i = word_index(fault_words, LAB_POLICY_FAULT_COUNT, value);
        t->fault = i >= 0 ? (enum lab_policy_fault)i : t->fault;
        return i >= 0;
    }
    return false;
}

/* ---- patterns ---- */

static const char *behind_dot(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot != NULL ? dot + 1 : name;
}

/* Text with "$D" for the domain. */
static void put_with_domain(struct span text, const char *domain, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '$' && i + 1 < text.len && text.at[i + 1] == 'D') {
            buf_put_text(out, domain);
            i++;
        } else {
            buf_put_char(out, (char)text.at[i]);
        }
    }
}

static bool given_pattern(const char *list, const char *domain, size_t n, struct buf *out)
{
    for (; *list != '\0'; n--) {
        size_t len = strcspn(list, ",");
        if (n == 0) {
            put_with_domain((struct span){(const uint8_t *)list, len}, domain, out);
            return true;
        }
        list += len + (list[len] == ',');
    }
    return false;
}

/* The same name below another top-level domain. */
static void put_other_tld(const char *name, struct buf *out)
{
    const char *last = strrchr(name, '.');
    buf_put(out, (struct span){(const uint8_t *)name,
                               last != NULL ? (size_t)(last - name) : strlen(name)});
    buf_put_text(out, last != NULL && strcmp(last, ".info") == 0 ? ".biz" : ".info");
}

/* The first two letters behind the first dot that differ change places. */
static void put_typo(const char *name, struct buf *out)
{
    size_t at = (size_t)(behind_dot(name) - name);
    size_t len = strlen(name);
    while (at + 2 < len && (name[at] == name[at + 1] || name[at] == '.' || name[at + 1] == '.')) {
        at++;
    }
    for (size_t i = 0; i < len; i++) {
        buf_put_char(out, name[i == at ? at + 1 : i == at + 1 ? at : i]);
    }
}

static void put_upper(const char *name, struct buf *out)
{
    for (; *name != '\0'; name++) {
        buf_put_char(out, *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name);
    }
}

static void put_obsolete(size_t n, struct buf *out)
{
    buf_putf(out, "mx%zu.previous-mxlab.org", n + 1);
}

/* The MX whose wildcard is number `n` of those that differ. @return mx_count: there is none. */
static size_t distinct_wildcard(const char *const *mx, size_t mx_count, size_t n)
{
    for (size_t i = 0; i < mx_count; i++) {
        bool known = false;
        for (size_t k = 0; k < i && !known; k++) {
            known = strcmp(behind_dot(mx[k]), behind_dot(mx[i])) == 0;
        }
        if (!known && n-- == 0) {
            return i;
        }
    }
    return mx_count;
}

bool policy_pattern(const struct policy_text *t, const char *domain, const char *const *mx,
                    size_t mx_count, size_t n, struct buf *out)
{
    if (t->given[0] != '\0') {
        return given_pattern(t->given, domain, n, out);
    }
    if (t->patterns == LAB_PATTERN_UNUSED && n == mx_count) {
        buf_putf(out, "unused-backup.%s", domain);
        return true;
    }
    bool partial = t->patterns == LAB_PATTERN_PARTIAL && mx_count > 1;
    size_t which =
        t->patterns == LAB_PATTERN_WILDCARDS ? distinct_wildcard(mx, mx_count, n) : n + partial;
    if (which >= mx_count) {
        return false;
    }
    const char *name = mx[which];
    switch (t->patterns) {
    case LAB_PATTERN_NAMES:
    case LAB_PATTERN_UNUSED:
        buf_put_text(out, name);
        break;
    case LAB_PATTERN_PARTIAL:
        if (partial) {
            buf_put_text(out, name);
        } else {
            put_obsolete(n, out);
        }
        break;
    case LAB_PATTERN_WILDCARDS:
        buf_putf(out, "*.%s", behind_dot(name));
        break;
    case LAB_PATTERN_TLD:
        put_other_tld(name, out);
        break;
    case LAB_PATTERN_OTHER:
        put_obsolete(n, out);
        break;
    case LAB_PATTERN_THIRD_LEVEL:
        buf_putf(out, "%s.%s", domain, behind_dot(name));
        break;
    case LAB_PATTERN_MTA_STS:
        buf_putf(out, "mta-sts.%s", name);
        break;
    case LAB_PATTERN_TYPO:
        put_typo(name, out);
        break;
    case LAB_PATTERN_UPPER:
        put_upper(name, out);
        break;
    }
    return true;
}

/* ---- the text ---- */

struct writing {
    const struct policy_text *text;
    const char *domain;
    struct buf *out;
    bool first; /* nothing is written yet */
};

/* The end of a line comes with the next one, so that the last one can go without. */
static void put_eol(struct writing *w)
{
    buf_put_text(w->out, w->text->lf ? "\n" : "\r\n");
}

static void open_line(struct writing *w)
{
    if (!w->first) {
        put_eol(w);
    }
    w->first = false;
}

static void put_field(struct writing *w, const char *key, const char *value)
{
    open_line(w);
    buf_putf(w->out, "%s: %s", key, value);
    if (w->text->fault == LAB_POLICY_FAULT_SPACES) {
        buf_put_text(w->out, " \t ");
    }
}

/* The first pattern, made faulty. */
static void put_bad_pattern(struct writing *w, struct span pattern)
{
    static const char *const front[LAB_POLICY_FAULT_COUNT] = {
        [LAB_POLICY_FAULT_MX_EMAIL] = "postmaster@",   [LAB_POLICY_FAULT_MX_LEADING_DOT] = ".",
        [LAB_POLICY_FAULT_MX_INNER_WILDCARD] = "mx*.", [LAB_POLICY_FAULT_MX_U_LABEL] = "m\xc3\xbc.",
        [LAB_POLICY_FAULT_MX_UNDERSCORE] = "my_",      [LAB_POLICY_FAULT_MX_URL] = "https://",
    };
    static const char *const back[LAB_POLICY_FAULT_COUNT] = {
        [LAB_POLICY_FAULT_MX_TRAILING_DOT] = ".",
        [LAB_POLICY_FAULT_MX_PORT] = ":25",
        [LAB_POLICY_FAULT_MX_SYNTAX] = " mx.example.com",
    };
    static const char *const whole[LAB_POLICY_FAULT_COUNT] = {
        [LAB_POLICY_FAULT_MX_EMPTY] = "",
        [LAB_POLICY_FAULT_MX_BARE_STAR] = "*",
        [LAB_POLICY_FAULT_MX_IP] = "11.0.0.1",
    };
    enum lab_policy_fault f = w->text->fault;
    if (whole[f] != NULL) {
        buf_put_text(w->out, whole[f]);
        return;
    }
    buf_put_text(w->out, front[f] != NULL ? front[f] : "");
    buf_put(w->out, pattern);
    buf_put_text(w->out, back[f] != NULL ? back[f] : "");
}

static void put_patterns(struct writing *w, const char *const *mx, size_t mx_count)
{
    struct buf pattern = BUF_INIT(BUF_NO_LIMIT);
    for (size_t n = 0; policy_pattern(w->text, w->domain, mx, mx_count, n, &pattern); n++) {
        open_line(w);
        buf_put_text(w->out, "mx: ");
        if (n == 0) {
            put_bad_pattern(w, buf_span(&pattern));
        } else {
            buf_put(w->out, buf_span(&pattern));
        }
        buf_reset(&pattern);
    }
    buf_deinit(&pattern);
    for (unsigned n = 0; w->text->fault == LAB_POLICY_FAULT_MANY_MX && n < MANY_MX; n++) {
        open_line(w);
        buf_putf(w->out, "mx: mx%u.example.com", n);
    }
}

/* Fills up to `octets`, line end at the end included. */
static void put_filling(struct writing *w, size_t octets)
{
    static const char key[] = "x-filling: ";
    size_t eol = w->text->lf ? 1 : 2;
    open_line(w);
    buf_put_text(w->out, key);
    CHECK(w->out->len + eol < octets);
    for (size_t n = octets - eol - w->out->len; n > 0; n--) {
        buf_put_char(w->out, 'x');
    }
}

static void put_fields(struct writing *w, const char *const *mx, size_t mx_count)
{
    const struct policy_text *t = w->text;
    enum lab_policy_fault f = t->fault;
    if (f == LAB_POLICY_FAULT_BOM) {
        buf_put_text(w->out, "\xef\xbb\xbf");
    }
    if (f != LAB_POLICY_FAULT_NO_VERSION) {
        put_field(w, "version", f == LAB_POLICY_FAULT_BAD_VERSION ? "STSv2" : "STSv1");
    }
    if (f != LAB_POLICY_FAULT_NO_MODE) {
        put_field(w, f == LAB_POLICY_FAULT_KEY_CASE ? "Mode" : "mode",
                  f == LAB_POLICY_FAULT_BAD_MODE ? "enforced" : t->mode);
    }
    if (f == LAB_POLICY_FAULT_BLANK_LINE) {
        open_line(w);
    } else if (f == LAB_POLICY_FAULT_NO_COLON) {
        open_line(w);
        buf_put_text(w->out, "this line is no field");
    } else if (f == LAB_POLICY_FAULT_UNKNOWN_KEY) {
        put_field(w, "x-contact", "postmaster");
    } else if (f == LAB_POLICY_FAULT_NUL) {
        open_line(w);
        buf_put(w->out, SPAN_LIT("x-odd: a\0b"));
    } else if (f == LAB_POLICY_FAULT_LATIN_1) {
        put_field(w, "x-odd", "caf\xe9");
    }
    if (f != LAB_POLICY_FAULT_NO_MX) {
        put_patterns(w, mx, mx_count);
    }
    if (f != LAB_POLICY_FAULT_NO_MAX_AGE) {
        put_field(w, "max_age", f == LAB_POLICY_FAULT_BAD_MAX_AGE ? "7d" : t->max_age);
    }
    if (f == LAB_POLICY_FAULT_DUPLICATE_KEY) {
        put_field(w, "max_age", "86401");
    }
}

static void put_lines(struct writing *w)
{
    const char *line = w->text->lines;
    while (*line != '\0') {
        size_t len = strcspn(line, "|");
        open_line(w);
        put_with_domain((struct span){(const uint8_t *)line, len}, w->domain, w->out);
        line += len + (line[len] == '|');
    }
    put_eol(w);
}

void policy_text_put(const struct policy_text *t, const char *domain, const char *const *mx,
                     size_t mx_count, struct buf *out)
{
    struct writing w = {.text = t, .domain = domain, .out = out, .first = true};
    if (t->lines[0] != '\0') {
        put_lines(&w);
        return;
    }
    if (t->fault == LAB_POLICY_FAULT_EMPTY) {
        return;
    }
    if (t->fault == LAB_POLICY_FAULT_HTML) {
        buf_put_text(out, "<!DOCTYPE html>\n<html><head><title>Welcome</title></head>\n"
                          "<body><p>This site is under construction.</p></body></html>\n");
        return;
    }
    size_t start = out->len;
    put_fields(&w, mx, mx_count);
    if (t->fault == LAB_POLICY_FAULT_EXACT_64K || t->fault == LAB_POLICY_FAULT_OVER_64K) {
        put_filling(&w, start + POLICY_OCTETS_MAX + (t->fault == LAB_POLICY_FAULT_OVER_64K));
    }
    if (t->fault != LAB_POLICY_FAULT_NO_END) {
        put_eol(&w);
    }
    if (t->fault == LAB_POLICY_FAULT_BLANK_END) {
        put_eol(&w);
    }
}
