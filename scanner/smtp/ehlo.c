#include "scanner/smtp/ehlo.h"

#include "scanner/base/text.h"

#define CODE_LEN     4 /* "250-" */
#define STARTTLS_LEN (sizeof("STARTTLS") - 1)

static bool ehlo_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool ehlo_is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

struct span ehlo_line_text(struct span line)
{
    const uint8_t *nul = line.len > 0 ? memchr(line.at, '\0', line.len) : NULL;
    line = nul != NULL ? span_take(line, (size_t)(nul - line.at)) : line;
    return span_drop(line, line.len < CODE_LEN ? line.len : CODE_LEN);
}

/* The first run of octets that are not blank. */
static struct span ehlo_first_word(struct span line)
{
    struct span rest = ehlo_line_text(line);
    while (rest.len > 0 && ehlo_is_blank(rest.at[0])) {
        rest = span_drop(rest, 1);
    }
    size_t len = 0;
    while (len < rest.len && !ehlo_is_blank(rest.at[len])) {
        len++;
    }
    return span_take(rest, len);
}

struct span ehlo_line_keyword(struct span line)
{
    return ehlo_first_word(line);
}

bool ehlo_is_masked_starttls(struct span keyword)
{
    if (keyword.len != STARTTLS_LEN) {
        return false;
    }
    for (size_t i = 0; i + 1 < keyword.len; i++) {
        if (ascii_lower(keyword.at[i]) != 'x') {
            return false;
        }
    }
    uint8_t last = ascii_lower(keyword.at[keyword.len - 1]);
    return last >= 'a' && last <= 'z';
}

/* Takes the blanks off the front. @return forms: none, that of blanks, or that of a tab among them */
static uint16_t take_blanks(struct span *text, enum smtp_form blank, enum smtp_form tab)
{
    uint16_t forms = 0;
    while (text->len > 0 && ehlo_is_blank(text->at[0])) {
        forms = text->at[0] == '\t' || forms == smtp_form_bit(tab) ? smtp_form_bit(tab)
                                                                   : smtp_form_bit(blank);
        *text = span_drop(*text, 1);
    }
    return forms;
}

static bool begins_with_starttls(struct span text)
{
    return span_ieq(span_take(text, STARTTLS_LEN), SPAN_LIT("STARTTLS")) &&
           (text.len == STARTTLS_LEN || !ehlo_is_alnum(text.at[STARTTLS_LEN]));
}

/* What stands behind the keyword. */
static uint16_t forms_behind(struct span rest)
{
    if (rest.len > 0 && rest.at[0] == '=') {
        return smtp_form_bit(SMTP_FORM_KEYWORD_EQUALS);
    }
    uint16_t forms = take_blanks(&rest, SMTP_FORM_KEYWORD_SPACE_AFTER, SMTP_FORM_KEYWORD_TAB_AFTER);
    if (rest.len == 0) {
        return forms;
    }
    return (uint16_t)((forms & smtp_form_bit(SMTP_FORM_KEYWORD_TAB_AFTER)) |
                      smtp_form_bit(SMTP_FORM_KEYWORD_PARAMETER));
}

bool ehlo_line_lists_starttls(struct span line, uint16_t *forms)
{
    struct span text = ehlo_line_text(line);
    *forms = take_blanks(&text, SMTP_FORM_KEYWORD_SPACE_BEFORE, SMTP_FORM_KEYWORD_TAB_BEFORE);
    struct span rest = span_drop(text, text.len < STARTTLS_LEN ? text.len : STARTTLS_LEN);
    bool ends = rest.len == 0 || ehlo_is_blank(rest.at[0]) || rest.at[0] == '=';
    if (begins_with_starttls(text) && ends) {
        bool is_250 = span_eq(span_take(line, 3), SPAN_LIT("250"));
        *forms |= forms_behind(rest);
        *forms |= is_250 ? 0 : smtp_form_bit(SMTP_FORM_KEYWORD_CODE);
        return true;
    }
    while (text.len > 0 && !ehlo_is_alnum(text.at[0])) {
        text = span_drop(text, 1);
    }
    *forms = begins_with_starttls(text) ? smtp_form_bit(SMTP_FORM_KEYWORD_OTHER) : 0;
    return false;
}

/* Of two lines with the keyword, each in a form of its own, clients take the one or the other. */
static void note_forms(struct ehlo_reading *e, bool lists, uint16_t forms)
{
    e->plain |= lists && forms == 0;
    if (e->plain) {
        e->forms = 0;
    } else if (e->forms != 0 && forms != 0 && e->forms != forms) {
        e->forms |= forms | smtp_form_bit(SMTP_FORM_KEYWORD_OTHER);
    } else {
        e->forms |= forms;
    }
}

void ehlo_read_line(struct ehlo_reading *e, struct span line)
{
    if (e->lines++ == 0) { /* names the server, whatever else it looks like */
        bool is = span_eq(ehlo_line_text(line), SPAN_LIT("STARTTLS"));
        note_forms(e, false, is ? smtp_form_bit(SMTP_FORM_KEYWORD_FIRST_LINE) : 0);
        return;
    }
    struct span keyword = ehlo_line_keyword(line);
    uint16_t forms;
    bool lists = ehlo_line_lists_starttls(line, &forms);
    e->starttls |= lists;
    e->starttls_upper |= lists && span_eq(span_take(keyword, STARTTLS_LEN), SPAN_LIT("STARTTLS"));
    e->masked |= ehlo_is_masked_starttls(keyword);
    note_forms(e, lists, forms);
}

bool ehlo_text_has_word(struct span text, struct span word)
{
    while (text.len > 0) {
        size_t len = 0;
        while (len < text.len && ehlo_is_alnum(text.at[len])) {
            len++;
        }
        if (span_ieq(span_take(text, len), word)) {
            return true;
        }
        text = span_drop(text, len < text.len ? len + 1 : len);
    }
    return false;
}

bool greeting_says_esmtp(struct span line)
{
    return ehlo_text_has_word(ehlo_line_text(line), SPAN_LIT("ESMTP"));
}

bool greeting_hides_itself(struct span line)
{
    static const char seen_through[] =
        "20* \t"; /* smtp_proto.c of Postfix; a hyphen is none of it */
    for (size_t i = 0; i < line.len && line.at[i] != '\0'; i++) {
        if (memchr(seen_through, line.at[i], sizeof(seen_through) - 1) == NULL) {
            return false;
        }
    }
    return true;
}

bool ehlo_next_line(struct span *text, struct span *line)
{
    if (text->len == 0) {
        return false;
    }
    *line = text_take_until(text, '\n');
    return true;
}

struct span ehlo_domain(struct span text)
{
    struct span line;
    return ehlo_next_line(&text, &line) ? ehlo_first_word(line) : (struct span){0};
}

bool ehlo_has_keyword(struct span text, struct span keyword)
{
    struct span line;
    if (!ehlo_next_line(&text, &line)) {
        return false;
    }
    while (ehlo_next_line(&text, &line)) {
        if (span_ieq(ehlo_line_keyword(line), keyword)) {
            return true;
        }
    }
    return false;
}

uint16_t ehlo_reply_forms(struct span text, uint16_t code, struct span greeting, struct span own)
{
    if (code >= 300) {
        return 0;
    }
    bool repeats = span_ieq(ehlo_domain(text), own) && !span_ieq(ehlo_domain(greeting), own);
    return (uint16_t)((code != 250 ? smtp_form_bit(SMTP_FORM_NOT_250) : 0) |
                      (repeats ? smtp_form_bit(SMTP_FORM_OWN_NAME) : 0));
}
