#include "scanner/domain/operator_list.h"

#include <stdlib.h>

#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/domain/domain_name.h"
#include "scanner/observation/seen_dns.h"

#define FIELD_COUNT 4
#define NAME_MAX    60 /* octets of an operator's name */

struct listed_domain {
    struct span domain; /* in the text, as the next one */
    struct span name;
};

struct operator_list {
    struct buf text;
    struct listed_domain *domains; /* sorted */
    size_t domain_count;
    size_t count; /* operators */
};

/* @return false: another number of them, or an empty one */
static bool split_fields(struct span line, struct span field[FIELD_COUNT])
{
    size_t count = 0;
    for (bool more = true; more; count++) {
        size_t before = line.len;
        struct span one = text_take_until(&line, '|');
        more = one.len < before; /* a separator stood behind it */
        if (count == FIELD_COUNT || text_trim(one).len == 0) {
            return false;
        }
        field[count] = text_trim(one);
    }
    return count == FIELD_COUNT;
}

static bool is_normal_form(struct span domain)
{
    struct buf normal = BUF_INIT(DNS_NAME_TEXT_MAX);
    bool same = host_name_normalise(domain, &normal, NULL) && span_eq(buf_span(&normal), domain) &&
                memchr(domain.at, '.', domain.len) != NULL;
    buf_deinit(&normal);
    return same;
}

static bool is_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] < ' ' || name.at[i] > '~') {
            return false;
        }
    }
    return name.len <= NAME_MAX;
}

/* @return where it stands, or would stand */
static size_t domain_place_of(const struct operator_list *l, struct span domain)
{
    size_t from = 0;
    size_t to = l->domain_count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (span_cmp(l->domains[middle].domain, domain) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

static bool has_at(const struct operator_list *l, size_t place, struct span domain)
{
    return place < l->domain_count && span_eq(l->domains[place].domain, domain);
}

static void insert_domain(struct operator_list *l, size_t place, struct span domain,
                          struct span name)
{
    l->domains = memory_grow_list(l->domains, l->domain_count, sizeof(*l->domains));
    memmove(&l->domains[place + 1], &l->domains[place],
            (l->domain_count - place) * sizeof(*l->domains));
    l->domains[place] = (struct listed_domain){domain, name};
    l->domain_count++;
}

/* @return NULL: fine; else what is wrong */
static const char *operator_add(struct operator_list *l, const struct span field[FIELD_COUNT])
{
    if (!is_name(field[0])) {
        return "the name must be printable ASCII, 60 octets at most";
    }
    struct span domains = field[1];
    while (domains.len > 0) {
        struct span domain = text_take_until(&domains, ' ');
        size_t place = domain_place_of(l, domain);
        if (domain.len == 0) {
            continue;
        }
        if (!is_normal_form(domain)) {
            return "a domain is not in normal form";
        }
        if (has_at(l, place, domain)) {
            return "a domain is listed twice";
        }
        insert_domain(l, place, domain, field[0]);
    }
    l->count++;
    return NULL;
}

struct operator_list *operator_list_parse(struct span text, const char *origin, struct buf *why)
{
    struct operator_list *l = memory_new(1, sizeof(*l));
    *l = (struct operator_list){.text = BUF_INIT(BUF_NO_LIMIT)};
    buf_put(&l->text, text);
    struct span rest = buf_span(&l->text);
    for (unsigned number = 1; rest.len > 0; number++) {
        struct span line = text_trim(text_take_until(&rest, '\n'));
        struct span field[FIELD_COUNT];
        if (line.len == 0 || line.at[0] == '#') {
            continue;
        }
        const char *fault = split_fields(line, field) ? operator_add(l, field)
                                                      : "must be: name | domains | source | date";
        if (fault != NULL) {
            buf_putf(why, "%s: line %u: %s", origin, number, fault);
            operator_list_free(l);
            return NULL;
        }
    }
    return l;
}

void operator_list_free(struct operator_list *l)
{
    if (l != NULL) {
        free(l->domains);
        buf_deinit(&l->text);
        free(l);
    }
}

bool operator_list_find(const struct operator_list *l, struct span domain, struct span *name)
{
    size_t place = l != NULL ? domain_place_of(l, domain) : 0;
    if (l == NULL || !has_at(l, place, domain)) {
        return false;
    }
    *name = l->domains[place].name;
    return true;
}

size_t operator_list_count(const struct operator_list *l)
{
    return l->count;
}

struct span operator_list_text(const struct operator_list *l)
{
    return buf_span(&l->text);
}
