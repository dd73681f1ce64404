#include "scanner/explain/log_pattern.h"

#include "scanner/base/check.h"

/* --- reading -------------------------------------------------------------------------------- */

static const struct {
    struct span mark;
    enum log_piece_kind kind;
} marks[] = {
    {SPAN_INIT("*"), LOG_PIECE_ANY},
    {SPAN_INIT("{host}"), LOG_PIECE_HOST},
    {SPAN_INIT("{address}"), LOG_PIECE_ADDRESS},
    {SPAN_INIT("{domain}"), LOG_PIECE_DOMAIN},
    {SPAN_INIT("{port}"), LOG_PIECE_PORT},
};

#define MARK_COUNT (sizeof(marks) / sizeof(marks[0]))

static bool pattern_add(struct log_pattern *p, enum log_piece_kind kind, struct span text)
{
    if (p->count == LOG_PIECES_MAX) {
        return false;
    }
    p->pieces[p->count++] = (struct log_piece){kind, text};
    if (kind == LOG_PIECE_TEXT && text.len > p->longest.len) {
        p->longest = text;
    }
    return true;
}

/** Of the mark that `text` begins with; MARK_COUNT: of none. */
static size_t mark_at(struct span text)
{
    size_t m = 0;
    while (m < MARK_COUNT && !span_eq(span_take(text, marks[m].mark.len), marks[m].mark)) {
        m++;
    }
    return m;
}

static uint16_t pair_place(const uint8_t *at)
{
    return (uint16_t)(((unsigned)at[0] * 31U + at[1]) % LOG_PAIR_PLACES);
}

/** Pairs from all over the longest text. */
static void choose_pairs(struct log_pattern *p)
{
    size_t all = p->longest.len > 1 ? p->longest.len - 1 : 0;
    p->pair_count = all < LOG_PAIRS_MAX ? all : LOG_PAIRS_MAX;
    for (size_t i = 0; i < p->pair_count; i++) {
        p->pairs[i] = pair_place(p->longest.at + i * all / p->pair_count);
    }
}

void log_pairs_of(struct span line, struct log_pairs *pairs)
{
    *pairs = (struct log_pairs){0};
    for (size_t i = 0; i + 1 < line.len; i++) {
        uint16_t place = pair_place(line.at + i);
        pairs->bits[place / 64] |= UINT64_C(1) << (place % 64);
    }
}

bool log_pattern_may_fit(const struct log_pattern *p, const struct log_pairs *pairs)
{
    for (size_t i = 0; i < p->pair_count; i++) {
        if ((pairs->bits[p->pairs[i] / 64] >> (p->pairs[i] % 64) & 1) == 0) {
            return false;
        }
    }
    return true;
}

bool log_pattern_read(struct log_pattern *p, struct span text)
{
    *p = (struct log_pattern){0};
    while (text.len > 0) {
        size_t m = mark_at(text);
        size_t len = 0;
        if (m < MARK_COUNT) {
            len = marks[m].mark.len;
            if (!pattern_add(p, marks[m].kind, (struct span){0})) {
                return false;
            }
        } else {
            while (len < text.len && mark_at(span_drop(text, len)) == MARK_COUNT) {
                len++;
            }
            if (!pattern_add(p, LOG_PIECE_TEXT, span_take(text, len))) {
                return false;
            }
        }
        text = span_drop(text, len);
    }
    choose_pairs(p);
    return p->longest.len > 0;
}

/* --- comparing ------------------------------------------------------------------------------ */

static bool is_letter_or_digit(uint8_t c)
{
    return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

static bool place_takes(enum log_piece_kind kind, uint8_t c)
{
    switch (kind) {
    case LOG_PIECE_HOST:
    case LOG_PIECE_DOMAIN:
        return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_';
    case LOG_PIECE_ADDRESS:
        return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f') || c == '.' ||
               c == ':';
    case LOG_PIECE_PORT:
        return ascii_is_digit(c);
    case LOG_PIECE_TEXT:
    case LOG_PIECE_ANY:
        break;
    }
    UNREACHABLE("no place");
}

static size_t place_len(enum log_piece_kind kind, struct span rest)
{
    size_t len = 0;
    while (len < rest.len && len <= LOG_NAME_MAX && place_takes(kind, rest.at[len])) {
        len++;
    }
    return len <= LOG_NAME_MAX ? len : 0;
}

static void place_set(struct log_places *places, enum log_piece_kind kind, struct span text)
{
    switch (kind) {
    case LOG_PIECE_HOST:
        places->host = text;
        return;
    case LOG_PIECE_ADDRESS:
        places->address = text;
        return;
    case LOG_PIECE_DOMAIN:
        places->domain = text;
        return;
    case LOG_PIECE_PORT:
        places->port = text;
        return;
    case LOG_PIECE_TEXT:
    case LOG_PIECE_ANY:
        break;
    }
    UNREACHABLE("no place");
}

/** The pieces from `first` to the next '*', right at the begin of `rest`.
 * @return octets that they take; SIZE_MAX: they do not fit */
static size_t fit_here(const struct log_pattern *p, size_t first, struct span rest,
                       struct log_places *places)
{
    size_t at = 0;
    for (size_t i = first; i < p->count && p->pieces[i].kind != LOG_PIECE_ANY; i++) {
        struct span here = span_drop(rest, at);
        size_t len;
        if (p->pieces[i].kind == LOG_PIECE_TEXT) {
            len = p->pieces[i].text.len;
            if (!span_eq(span_take(here, len), p->pieces[i].text)) {
                return SIZE_MAX;
            }
        } else {
            len = place_len(p->pieces[i].kind, here);
            if (len == 0) {
                return SIZE_MAX;
            }
            place_set(places, p->pieces[i].kind, span_take(here, len));
        }
        at += len;
    }
    return at;
}

/** Where the pieces from `first` may begin next, from `at` on; SIZE_MAX: nowhere. */
static size_t next_start(const struct log_pattern *p, size_t first, struct span line, size_t at)
{
    const struct log_piece *piece = &p->pieces[first];
    if (at > line.len) {
        return SIZE_MAX;
    }
    if (piece->kind == LOG_PIECE_TEXT) {
        const uint8_t *found =
            at < line.len ? memmem(line.at + at, line.len - at, piece->text.at, piece->text.len)
                          : NULL;
        return found != NULL ? (size_t)(found - line.at) : SIZE_MAX;
    }
    /* A place begins where a run of its characters does: each is looked at once. */
    while (at < line.len && (!place_takes(piece->kind, line.at[at]) ||
                             (at > 0 && place_takes(piece->kind, line.at[at - 1])))) {
        at++;
    }
    return at < line.len ? at : SIZE_MAX;
}

bool log_pattern_fits(const struct log_pattern *p, struct span line, struct log_places *places)
{
    struct log_places found = {0};
    size_t at = 0;
    if (line.len < p->longest.len ||
        memmem(line.at, line.len, p->longest.at, p->longest.len) == NULL) {
        return false;
    }
    for (size_t i = 0; i < p->count;) {
        if (p->pieces[i].kind == LOG_PIECE_ANY) {
            i++;
            continue;
        }
        size_t start = next_start(p, i, line, at);
        size_t len = SIZE_MAX;
        while (start != SIZE_MAX &&
               (len = fit_here(p, i, span_drop(line, start), &found)) == SIZE_MAX) {
            start = next_start(p, i, line, start + 1);
        }
        if (start == SIZE_MAX) {
            return false;
        }
        at = start + len;
        while (i < p->count && p->pieces[i].kind != LOG_PIECE_ANY) {
            i++;
        }
    }
    for (size_t i = 0; i < p->count; i++) {
        switch (p->pieces[i].kind) {
        case LOG_PIECE_HOST:
            places->host = found.host;
            break;
        case LOG_PIECE_ADDRESS:
            places->address = found.address;
            break;
        case LOG_PIECE_DOMAIN:
            places->domain = found.domain;
            break;
        case LOG_PIECE_PORT:
            places->port = found.port;
            break;
        case LOG_PIECE_TEXT:
        case LOG_PIECE_ANY:
            break;
        }
    }
    return true;
}
