#include "scanner/senders/tls_stacks.h"

#include <string.h>

#include "scanner/analysis/name_rules.h"

static const struct field_word libraries[] = {STACK_LIBRARIES(FIELD_VALUE){NULL, 0}};
static const struct field_word truths[] = {STACK_TRUTHS(FIELD_VALUE){NULL, 0}};
static const struct field_word paths[] = {STACK_PATH_SEARCHES(FIELD_VALUE){NULL, 0}};
static const struct field_word name_rules[] = {{"unknown", 0},
                                               {"rfc9525", NAME_RULE_RFC9525},
                                               {"openssl", NAME_RULE_OPENSSL},
                                               {"openssl_no_cn", NAME_RULE_OPENSSL_NO_CN},
                                               {"gnutls", NAME_RULE_GNUTLS},
                                               {"go", NAME_RULE_GO},
                                               {NULL, 0}};
static const struct field_word exchanges[] = {STACK_EXCHANGES(FIELD_BIT){NULL, 0}};
static const struct field_word ciphers[] = {STACK_CIPHERS(FIELD_BIT){NULL, 0}};
static const struct field_word groups[] = {STACK_GROUPS(FIELD_BIT){NULL, 0}};
static const struct field_word leaf_keys[] = {LEAF_KEY_KINDS(FIELD_BIT){NULL, 0}};

#define no_words NULL

static const struct field_info infos[STACK_FIELD_COUNT] = {
#define X(name, member, word, kind, words) {word, FIELD_##kind, words},
    TLS_STACK_FIELDS(X)
#undef X
};

static void stack_take(struct tls_stack *s, const uint32_t values[STACK_FIELD_COUNT])
{
#define X(name, member, ...) s->member = (__typeof__(s->member))values[STACK_FIELD_##name];
    TLS_STACK_FIELDS(X)
#undef X
}

static void stack_values_of(const struct tls_stack *s, uint32_t values[STACK_FIELD_COUNT])
{
#define X(name, member, ...) values[STACK_FIELD_##name] = (uint32_t)s->member;
    TLS_STACK_FIELDS(X)
#undef X
}

const struct tls_stack *tls_stacks_find(const struct tls_stack *stacks, size_t count,
                                        const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (id != NULL && strcmp(stacks[i].id, id) == 0) {
            return &stacks[i];
        }
    }
    return NULL;
}

static bool stack_fits_together(const struct field_place *place, const struct tls_stack *s)
{
    struct field_place at = *place;
    at.field = "rsa_bits_min";
    return s->rsa_bits_min == FIELD_NOT_KNOWN || s->rsa_bits_max == FIELD_NOT_KNOWN ||
           s->rsa_bits_min <= s->rsa_bits_max || field_fault(&at, "no more than rsa_bits_max");
}

/* @param before the stacks before it in the list */
static bool read_stack(const struct field_place *place, const json_t *json,
                       const struct tls_stack *before, size_t count, struct tls_stack *out)
{
    static const char *const others[] = {"id", "notes", "like", "inherited_mark", NULL};
    struct field_place at = *place;
    uint32_t values[STACK_FIELD_COUNT] = {0};
    const json_t *said = json_object_get(json, "like");
    const struct tls_stack *like = tls_stacks_find(before, count, json_string_value(said));
    at.field = "like";
    if (said != NULL && like == NULL) {
        return field_fault(&at, "the id of an earlier tls_stack");
    }
    *out = like != NULL ? *like : (struct tls_stack){0};
    out->id = at.id;
    stack_values_of(out, values);
    if (!fields_are_all(&at, json, infos, STACK_FIELD_COUNT, others) ||
        !fields_weaken_inherited(&at, json, STACK_FIELD_COUNT, out->marks) ||
        !fields_read(&at, json, infos, STACK_FIELD_COUNT, like != NULL, values, out->marks)) {
        return false;
    }
    stack_take(out, values);
    return stack_fits_together(&at, out);
}

bool tls_stacks_read(const char *origin, const json_t *list, struct tls_stack *out, size_t *count,
                     struct buf *why)
{
    *count = 0;
    if (!json_is_array(list) || json_array_size(list) == 0 ||
        json_array_size(list) > TLS_STACKS_MAX) {
        buf_putf(why, "%s: tls_stacks must be a list of 1 to %d objects", origin, TLS_STACKS_MAX);
        return false;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *json = json_array_get(list, i);
        const char *id = json_string_value(json_object_get(json, "id"));
        struct field_place at = {.origin = origin, .thing = "tls_stack", .id = id, .why = why};
        if (!field_is_id(id) || tls_stacks_find(out, i, id) != NULL) {
            buf_putf(why,
                     "%s: tls_stack %zu: id must be a unique name of a-z, 0-9, '.' and '-', at "
                     "most 40",
                     origin, i + 1);
            return false;
        }
        if (!read_stack(&at, json, out, i, &out[i])) {
            return false;
        }
        *count = i + 1;
    }
    return true;
}
