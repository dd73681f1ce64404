#include "scanner/domain/list_sample.h"

#include "scanner/base/hash.h"
#include "scanner/base/text.h"
#include "scanner/domain/domain_name.h"

/* The first line that is no domain shows it. */
static const char *list_kind_of(struct span line)
{
    line = text_trim(line);
    if (line.len == 0) {
        return NULL;
    }
    if (memchr(line.at, '\0', line.len) != NULL) {
        return "has NULs in place of line ends; give what \"tr '\\0' '\\n' < FILE\" prints";
    }
    if (memchr(line.at, '\r', line.len) != NULL) {
        return "has CR in place of line ends; give what \"tr '\\r' '\\n' < FILE\" prints";
    }
    switch (line.at[0]) {
    case '{':
    case '[':
        return "is JSON; give a file with one domain a line, or CSV";
    case '<':
        return "is HTML or XML; give a file with one domain a line, or CSV";
    default:
        return NULL;
    }
}

static void list_example_note(struct list_example *e, const struct source_record *r)
{
    if (e->line == 0) {
        struct span text = span_take(r->input, LIST_EXAMPLE_MAX);
        *e = (struct list_example){.line = r->input_line,
                                   .fault = r->invalid,
                                   .kind = list_kind_of(r->input),
                                   .len = text.len};
        for (size_t i = 0; i < text.len; i++) { /* a quoted field may have line ends */
            e->text[i] = text.at[i] < ' ' ? ' ' : (char)text.at[i];
        }
    }
}

/** @return true: it was there before */
static bool list_sample_has_or_add(struct list_sample *s, struct span domain)
{
    uint64_t hash = hash_key_of(domain).low | 1;
    size_t at = hash >> 1 & (LIST_SAMPLE_SLOTS - 1);
    while (s->seen[at] != 0 && s->seen[at] != hash) {
        at = (at + 1) & (LIST_SAMPLE_SLOTS - 1);
    }
    bool there = s->seen[at] == hash;
    s->seen[at] = hash;
    return there;
}

static bool list_is_mail_address(struct span input)
{
    return input.len > 0 && memchr(input.at, '@', input.len) != NULL &&
           !domain_name_is_in_url(input);
}

bool list_sample_add(struct list_sample *s, const struct source_record *r)
{
    if (s->records == LIST_SAMPLE_MAX) {
        return false;
    }
    s->records++;
    s->mails += r->invalid == NULL && list_is_mail_address(r->input);
    if (r->invalid != NULL) {
        s->invalid++;
        list_example_note(&s->first_invalid, r);
    } else if (list_sample_has_or_add(s, r->domain)) {
        s->repeated++;
        list_example_note(&s->first_repeated, r);
    }
    return true;
}

static void list_put_example(const struct list_example *e, struct buf *to)
{
    buf_putf(to, ", such as line %llu, '%.*s'", (unsigned long long)e->line, (int)e->len, e->text);
    if (e->fault != NULL) {
        buf_putf(to, " (%s)", e->fault);
    }
    buf_put_text(to, ": is it the right file and column? See --column");
}

static void list_put_warning(const struct list_sample *s, uint32_t count, const char *what,
                             const struct list_example *e, struct buf *to)
{
    buf_putf(to, "%u of the %s%u lines %s", count, s->records == LIST_SAMPLE_MAX ? "first " : "",
             s->records, what);
    list_put_example(e, to);
}

void list_sample_put_refusal(const struct list_sample *s, struct buf *to)
{
    const struct list_example *e = &s->first_invalid;
    if (e->kind != NULL) {
        buf_put_text(to, e->kind);
        return;
    }
    buf_putf(to, "none of its %s%u lines is a domain",
             s->records == LIST_SAMPLE_MAX ? "first " : "", s->records);
    list_put_example(e, to);
}

bool list_sample_put_mails(const struct list_sample *s, struct buf *to)
{
    if (s->mails > 0) {
        buf_putf(to, "%u of the %s%u lines %s; the domain is what stands after '@'", s->mails,
                 s->records == LIST_SAMPLE_MAX ? "first " : "", s->records,
                 s->mails == 1 ? "is a mail address" : "are mail addresses");
    }
    return s->mails > 0;
}

bool list_sample_put_warning(const struct list_sample *s, struct buf *to)
{
    if (s->invalid > s->records / 2) {
        list_put_warning(s, s->invalid, "are no domains", &s->first_invalid, to);
    } else if (s->repeated > s->records / 2) {
        list_put_warning(s, s->repeated, "repeat a domain", &s->first_repeated, to);
    } else {
        return false;
    }
    return true;
}
