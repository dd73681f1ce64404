#include "scanner/domain/csv_record.h"

#include "scanner/base/memory.h"

static bool is_delimiter(uint8_t delimiter, uint8_t c)
{
    return delimiter != 0 ? c == delimiter : c == ',' || c == ';' || c == '\t' || c == '|';
}

/* One octet further. @return true for a line end that ends the record. */
static bool scan_octet(struct csv_scan *s, uint8_t c)
{
    if (c == '\n') {
        s->lines++;
    }
    switch (s->state) {
    case CSV_QUOTED:
        s->state = c == '"' ? CSV_QUOTE_SEEN : CSV_QUOTED;
        return false;
    case CSV_FIELD_START:
    case CSV_QUOTE_SEEN: /* a second quote stands for one, and the field goes on */
        s->state = c == '"'                        ? CSV_QUOTED
                   : is_delimiter(s->delimiter, c) ? CSV_FIELD_START
                                                   : CSV_PLAIN;
        break;
    case CSV_PLAIN:
        s->state = is_delimiter(s->delimiter, c) ? CSV_FIELD_START : CSV_PLAIN;
        break;
    }
    return c == '\n';
}

bool csv_scan_feed(struct csv_scan *s, struct span data)
{
    while (s->at < data.len) {
        if (scan_octet(s, data.at[s->at++])) {
            return true;
        }
    }
    return false;
}

static void add_field(struct csv_fields *f, struct span field)
{
    if (f->count == f->cap) {
        f->cap = f->cap > 0 ? f->cap * 2 : 8;
        f->at = memory_resize(f->at, f->cap, sizeof(*f->at));
    }
    f->at[f->count++] = field;
}

void csv_fields_split(struct csv_fields *f, struct span record)
{
    struct csv_scan s = {.delimiter = f->delimiter};
    size_t from = 0;
    f->count = 0;
    for (size_t i = 0; i < record.len && f->count + 1 < CSV_FIELDS_MAX; i++) {
        bool ends = is_delimiter(f->delimiter, record.at[i]) && s.state != CSV_QUOTED;
        (void)scan_octet(&s, record.at[i]);
        if (ends) {
            add_field(f, (struct span){record.at + from, i - from});
            from = i + 1;
        }
    }
    add_field(f, (struct span){record.at + from, record.len - from});
}

void csv_fields_deinit(struct csv_fields *f)
{
    free(f->at);
    *f = (struct csv_fields){0};
}

struct span csv_field_unquote(uint8_t *at, size_t len)
{
    if (len == 0 || at[0] != '"') {
        return (struct span){at, len};
    }
    size_t to = 0;
    bool open = true;
    for (size_t i = 1; i < len; i++) {
        bool quote = at[i] == '"' && open;
        if (quote && i + 1 < len && at[i + 1] == '"') {
            i++;
        } else if (quote) {
            open = false;
            continue;
        }
        at[to++] = at[i];
    }
    return (struct span){at, to};
}
