#pragma once

#include "scanner/base/span.h"

/** What the grammars of this module share. Pure; for the files of this folder. */

static inline bool is_wsp(uint8_t c) /* RFC 5234 appendix B.1 */
{
    return c == ' ' || c == '\t';
}

static inline bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline bool is_alnum(uint8_t c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static inline struct span trim_front(struct span s)
{
    while (s.len > 0 && is_wsp(s.at[0])) {
        s = span_drop(s, 1);
    }
    return s;
}

static inline struct span trim_back(struct span s)
{
    while (s.len > 0 && is_wsp(s.at[s.len - 1])) {
        s.len--;
    }
    return s;
}

static inline struct span trim(struct span s)
{
    return trim_back(trim_front(s));
}

static inline bool has_octet(struct span s, uint8_t octet)
{
    return s.len > 0 && memchr(s.at, octet, s.len) != NULL;
}

static inline bool has_high_octet(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] >= 0x80) {
            return true;
        }
    }
    return false;
}

static inline bool begins_with(struct span s, struct span head)
{
    return s.len >= head.len && span_eq(span_take(s, head.len), head);
}

static inline bool begins_with_any_case(struct span s, struct span head)
{
    return s.len >= head.len && span_ieq(span_take(s, head.len), head);
}

/** What stands before the first such octet; all of it when there is none. */
static inline struct span span_before(struct span s, uint8_t octet)
{
    const uint8_t *at = s.len > 0 ? memchr(s.at, octet, s.len) : NULL;
    return at != NULL ? span_take(s, (size_t)(at - s.at)) : s;
}

/** What stands behind the first such octet; nothing when there is none. */
static inline struct span span_behind(struct span s, uint8_t octet)
{
    size_t front = span_before(s, octet).len;
    return front < s.len ? span_drop(s, front + 1) : span_drop(s, s.len);
}

/** sts-ext-name, sts-policy-ext-name (RFC 8461 section 3), tlsrpt-ext-name (RFC 8460 section 3). */
static inline bool is_extension_name(struct span s)
{
    bool ok = s.len >= 1 && s.len <= 32 && is_alnum(s.at[0]);
    for (size_t i = 0; ok && i < s.len; i++) {
        ok = is_alnum(s.at[i]) || s.at[i] == '_' || s.at[i] == '-' || s.at[i] == '.';
    }
    return ok;
}

/** sts-ext-value and tlsrpt-ext-value: visible ASCII without "=" and ";". */
static inline bool is_record_value(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < 0x21 || s.at[i] > 0x7e || s.at[i] == '=' || s.at[i] == ';') {
            return false;
        }
    }
    return s.len > 0;
}

/** One field of a TXT record, between its semicolons. */
struct record_field {
    struct span text; /* without the white space of field-delim */
    bool ended;       /* by a semicolon */
};

/** Takes a field off the front. White space behind the last one is no field-delim, so it stays in the
 * text. @return false at the end. */
static inline bool next_field(struct span *rest, struct record_field *field)
{
    if (rest->len == 0) {
        return false;
    }
    struct span whole = span_before(*rest, ';');
    field->ended = whole.len < rest->len;
    field->text = field->ended ? trim(whole) : trim_front(whole);
    *rest = span_drop(*rest, whole.len + field->ended);
    return true;
}

/** "STSv1" stands alone in a version: "STSv10" is another one. Case is left open. */
static inline bool is_version_front(struct span text, struct span literal)
{
    return begins_with_any_case(text, literal) &&
           (text.len == literal.len || !is_alnum(text.at[literal.len]));
}

/** A field-delim stands behind the version: *WSP ";". */
static inline bool has_delimiter(struct span text, struct span literal)
{
    struct span s = trim_front(span_drop(text, literal.len));
    return s.len > 0 && s.at[0] == ';';
}

/**
 * The fields behind the version, in the lenient reading: a semicolon, white space or nothing may part
 * them from it. Exactly what the grammar says for a record that begins with the version and field-delim.
 * A backslash before the semicolon goes with it.
 */
static inline struct span behind_version(struct span text, struct span literal)
{
    struct span s = trim_front(span_drop(trim_front(text), literal.len));
    if (begins_with(s, SPAN_LIT("\\;"))) {
        return span_drop(s, 2);
    }
    return s.len > 0 && s.at[0] == ';' ? span_drop(s, 1) : s;
}
