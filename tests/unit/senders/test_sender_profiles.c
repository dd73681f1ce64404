#include <stdio.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "scanner/analysis/name_rules.h"
#include "scanner/senders/sender_profiles.h"

#define ORIGIN "file.json"

/* A profile of plain values; the rows change one of them. */
static const char *const plain[][2] = {
    {"id", "\"a\""},
    {"title", "\"A sender\""},
    {"tls_min", "\"1.0\""},
    {"tls_max", "\"1.3\""},
    {"sni", "true"},
    {"level", "\"may\""},
    {"names", "\"host\""},
    {"policy_order", "\"none\""},
    {"dane", "\"no\""},
    {"dane_ee_only_31", "false"},
    {"dane_agility", "\"yes\""},
    {"dane_names", "\"next_hop\""},
    {"dane_anchor", "\"from_dns\""},
    {"dane_alias", "\"both\""},
    {"without_tls", "\"clear\""},
    {"tls_failure", "\"next\""},
    {"starttls_refused", "\"clear\""},
    {"starttls_refused_closed", "\"next\""},
    {"required_tls_rejected", "\"returns\""},
    {"required_tls_missing", "\"next\""},
    {"session_lost", "\"unknown\""},
    {"opportunistic_verify", "false"},
    {"reply_lines", "[\"cr_cr_lf\", \"nul\"]"},
    {"reply_lines_fatal", "[\"garbage_line\"]"},
    {"starttls_keyword", "\"any_case\""},
    {"forms", "[\"keyword_parameter\", \"own_name\"]"},
    {"forms_unseen", "[\"hidden_greeting\"]"},
    {"forms_fatal", "[\"mixed_codes\"]"},
    {"starttls_reply", "\"2xx\""},
    {"after_220", "\"dropped\""},
    {"sts_record_tolerates", "[\"front_space\", \"duplicate_id\"]"},
    {"sts_record_perhaps", "[]"},
    {"sts_policy_tolerates", "null"},
    {"sts_policy_perhaps", "[\"mx_ip\"]"},
    {"sts_names", "\"patterns\""},
    {"sessions_max", "2"},
    {"addresses_max", "0"},
    {"addresses_kept", "\"balanced\""},
    {"host_addresses", "\"connected\""},
    {"resolver_validates", "\"no\""},
    {"ipv6", "\"no\""},
    {"null_mx_beside", "\"bounces\""},
    {"mx_address", "\"taken\""},
    {"mx_bad_name", "\"skipped\""},
    {"mapped_address", "\"unknown\""},
    {"special_address", "\"skipped\""},
    {"no_mail_deferred", "[\"mx_localhost\", \"nxdomain\"]"},
    {"tls_stack", "\"s\""},
};

static const char *const plain_stack[][2] = {
    {"id", "\"s\""},
    {"library", "\"openssl\""},
    {"key_exchanges", "[\"ecdhe\"]"},
    {"ciphers", "[\"aes_gcm\", \"aes_cbc\"]"},
    {"anonymous", "\"no\""},
    {"groups", "[\"p256\"]"},
    {"leaf_keys", "null"},
    {"rsa_bits_min", "1024"},
    {"rsa_bits_max", "16384"},
    {"dh_bits_min", "null"},
    {"key_usage_checked", "\"unknown\""},
    {"list_octets_max", "102400"},
    {"sha1_signatures", "\"no\""},
    {"odd_certificates", "\"yes\""},
    {"warning_alerts", "\"no\""},
    {"name_rule", "\"openssl\""},
    {"paths", "\"openssl_level_2\""},
};

#define FIELDS       (sizeof(plain) / sizeof(plain[0]))
#define STACK_FIELDS (sizeof(plain_stack) / sizeof(plain_stack[0]))

/** @param key   NULL: all as it is; not a field: one more
 * @param value NULL: without it */
static void put_object(struct buf *out, const char *const (*fields)[2], size_t count,
                       const char *key, const char *value)
{
    bool done = key == NULL || value == NULL;
    const char *separator = "";
    buf_put_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        bool this_one = key != NULL && strcmp(key, fields[i][0]) == 0;
        done = done || this_one;
        if (!this_one || value != NULL) {
            buf_putf(out, "%s\"%s\": %s", separator, fields[i][0], this_one ? value : fields[i][1]);
            separator = ", ";
        }
    }
    if (!done) {
        buf_putf(out, ", \"%s\": %s", key, value);
    }
    buf_put_char(out, '}');
}

static void put_profile(struct buf *out, const char *key, const char *value)
{
    put_object(out, plain, FIELDS, key, value);
}

/** The file up to its first profile, with one stack that may be changed as a profile is. */
static void put_head(struct buf *out, const char *key, const char *value)
{
    buf_put_text(out, "{\"format\": 2, \"tls_stacks\": [");
    put_object(out, plain_stack, STACK_FIELDS, key, value);
    buf_put_text(out, "], \"profiles\": [");
}

static struct sender_profiles_file *parse(const struct buf *text, struct buf *why)
{
    struct sender_profiles_file *f = sender_profiles_parse(buf_span(text), ORIGIN, why);
    buf_put_char(why, '\0');
    return f;
}

/* One line that begins with the file and says `says`. */
static void check_refused(const char *name, const struct buf *text, const char *says)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct sender_profiles_file *f = parse(text, &why);
    const char *line = (const char *)why.at;
    cr_expect_null(f, "%s: taken", name);
    cr_expect(strncmp(line, ORIGIN ": ", strlen(ORIGIN ": ")) == 0 && strchr(line, '\n') == NULL,
              "%s: %s", name, line);
    cr_expect_not_null(strstr(line, says), "%s: %s", name, line);
    sender_profiles_free(f);
    buf_deinit(&why);
}

/* --- what is shipped ------------------------------------------------------------------------ */

Test(sender_profiles, the_shipped_ones_load)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct sender_profiles_file *f = sender_profiles_load(NULL, &why);
    cr_assert_not_null(f, "%.*s", (int)why.len, (const char *)why.at);
    cr_expect_eq(f->profiles.count, 23);
    cr_expect_str_eq(f->profiles.items[0].id, "postfix-may");
    cr_expect_gt(f->len, 1000);
    cr_expect_eq(why.len, 0);
    sender_profiles_free(f);
    buf_deinit(&why);
}

Test(sender_profiles, the_shipped_file_is_as_any_other)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct sender_profiles_file *shipped = sender_profiles_load(NULL, &why);
    struct sender_profiles_file *f =
        sender_profiles_load(SOURCE_ROOT "/datasets/sender-profiles/profiles.json", &why);
    cr_assert(shipped != NULL && f != NULL);
    cr_expect_eq(f->len, shipped->len);
    cr_expect_eq(memcmp(f->octets, shipped->octets, f->len), 0);
    cr_expect_eq(f->profiles.count, shipped->profiles.count);
    sender_profiles_free(shipped);
    sender_profiles_free(f);
    buf_deinit(&why);
}

/* --- a good file ---------------------------------------------------------------------------- */

static void check_plain_stack(const struct tls_stack *t)
{
    cr_expect_str_eq(t->id, "s");
    cr_expect(t->library == STACK_LIBRARY_OPENSSL && t->paths == STACK_PATHS_OPENSSL_2);
    cr_expect_eq(t->exchanges, 1U << STACK_EXCHANGE_ECDHE);
    cr_expect_eq(t->ciphers, 1U << STACK_CIPHER_AES_GCM | 1U << STACK_CIPHER_AES_CBC);
    cr_expect_eq(t->groups, 1U << STACK_GROUP_P256);
    cr_expect(t->sha1_signatures == STACK_NO && t->odd_certificates == STACK_YES &&
              t->name_rule == NAME_RULE_OPENSSL);
    cr_expect(t->warning_alerts == STACK_NO);
    cr_expect(t->anonymous == STACK_NO && t->key_usage == STACK_UNKNOWN);
    cr_expect_eq(t->leaf_keys, STACK_UNKNOWN_SET);
    cr_expect(t->rsa_bits_min == 1024 && t->rsa_bits_max == 16384 &&
              t->dh_bits_min == STACK_UNKNOWN_NUMBER && t->list_octets_max == 102400);
}

static void check_plain(const struct sender_profile *p)
{
    cr_expect_str_eq(p->id, "a");
    cr_expect_str_eq(p->title, "A sender");
    cr_expect(p->tls_min == 0x0301 && p->tls_max == 0x0304 && p->sni);
    cr_expect(p->level == PROFILE_MAY && p->names == PROFILE_NAMES_HOST);
    cr_expect(p->policy_order == PROFILE_ORDER_NONE && p->dane == PROFILE_DANE_NO);
    cr_expect(!p->dane_ee_only_31 && !p->opportunistic_verify);
    cr_expect(p->dane_anchor == PROFILE_ANCHOR_FROM_DNS && p->dane_alias == PROFILE_ALIAS_BOTH);
    cr_expect(p->session_lost == PROFILE_FAILURE_UNKNOWN);
    cr_expect(p->required_tls_rejected == PROFILE_REFUSAL_RETURNS &&
              p->required_tls_missing == PROFILE_MISSING_NEXT);
    cr_expect_eq(p->sts_names, PROFILE_STS_NAMES_PATTERNS);
    cr_expect(p->starttls_refused == PROFILE_FAILURE_CLEAR && p->validates == PROFILE_CHOICE_NO);
    cr_expect_eq(p->sessions_max, 2);
    cr_expect(p->addresses_max == 0 && p->addresses_kept == PROFILE_KEPT_BALANCED);
    cr_expect_eq(p->host_addresses, PROFILE_HOST_ADDRESSES_CONNECTED);
    cr_expect(p->dane_agility == PROFILE_CHOICE_YES &&
              p->dane_names == PROFILE_DANE_NAMES_NEXT_HOP);
    cr_expect_eq(p->reply_lines, 1U << SMTP_QUIRK_CR_CR_LF | 1U << SMTP_QUIRK_NUL);
    cr_expect_eq(p->reply_lines_fatal, 1U << SMTP_QUIRK_GARBAGE_LINE);
    cr_expect_eq(p->forms, 1U << SMTP_FORM_KEYWORD_PARAMETER | 1U << SMTP_FORM_OWN_NAME);
    cr_expect_eq(p->forms_unseen, 1U << SMTP_FORM_HIDDEN_GREETING);
    cr_expect_eq(p->forms_fatal, 1U << SMTP_FORM_MIXED_CODES);
    cr_expect_eq(p->starttls_refused_closed, PROFILE_FAILURE_NEXT);
    cr_expect_eq(p->sts_record,
                 1U << STS_RECORD_QUIRK_FRONT_SPACE | 1U << STS_RECORD_QUIRK_DUPLICATE_ID);
    cr_expect_eq(p->sts_record_perhaps, 0U);
    cr_expect_eq(p->sts_policy, PROFILE_QUIRKS_UNKNOWN);
    cr_expect_eq(p->sts_policy_perhaps, 1U << STS_POLICY_QUIRK_MX_IP);
    cr_expect_eq(profile_reading(p->sts_policy, p->sts_policy_perhaps).takes, 0U);
    cr_expect_eq(profile_reading(p->sts_policy, p->sts_policy_perhaps).unsure, UINT32_MAX);
    cr_expect(p->starttls_keyword == PROFILE_KEYWORD_ANY_CASE &&
              p->starttls_reply == PROFILE_REPLY_2XX && p->after_220 == PROFILE_INJECTED_DROPPED);
    cr_expect_eq(p->ipv6, PROFILE_CHOICE_NO);
    cr_expect(p->null_mx == PROFILE_NULL_MX_BOUNCES && p->mx_address == PROFILE_EXCHANGE_TAKEN &&
              p->mx_bad_name == PROFILE_EXCHANGE_SKIPPED &&
              p->mapped_address == PROFILE_EXCHANGE_UNKNOWN &&
              p->special_address == PROFILE_EXCHANGE_SKIPPED);
    check_plain_stack(p->stack);
    cr_expect(p->without_tls == PROFILE_FAILURE_CLEAR && p->tls_failure == PROFILE_FAILURE_NEXT);
}

static const char *const good_values[][2] = {
    {NULL, NULL},
    {"tls_max", "{\"value\": \"1.3\", \"source\": \"a page\", \"date\": \"2026-11-22\"}"},
    {"sni", "{\"value\": true, \"mark\": \"observed\", \"source\": \"seen\"}"},
    {"notes", "\"a note\""},
};

Test(sender_profiles, a_value_stands_alone_or_with_its_source)
{
    for (size_t i = 0; i < sizeof(good_values) / sizeof(good_values[0]); i++) {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        put_head(&text, NULL, NULL);
        put_profile(&text, good_values[i][0], good_values[i][1]);
        buf_put_text(&text, "]}");
        struct sender_profiles_file *f = parse(&text, &why);
        cr_assert_not_null(f, "row %zu: %s", i, (const char *)why.at);
        cr_assert_eq(f->profiles.count, 1);
        check_plain(&f->profiles.items[0]);
        cr_expect(f->len == text.len && memcmp(f->octets, text.at, f->len) == 0);
        sender_profiles_free(f);
        buf_deinit(&text);
        buf_deinit(&why);
    }
}

/* --- bad values ----------------------------------------------------------------------------- */

#define IN_A  "profile 'a': "
#define ID_41 "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""

static const struct {
    const char *name;
    const char *key;
    const char *value; /* NULL: left out */
    const char *says;
} bad_values[] = {
    {"a version that is none", "tls_min", "\"1.4\"",
     IN_A "tls_min must be one of \"1.0\", \"1.1\", \"1.2\", \"1.3\""},
    {"a number", "tls_max", "1.2", IN_A "tls_max must be one of \"1.0\""},
    {"a version with more behind it", "tls_max", "\"1.3\\u0000x\"", "NUL"},
    {"left out", "tls_max", NULL, IN_A "tls_max is missing; give it one of"},
    {"a text for yes", "sni", "\"true\"", IN_A "sni must be true or false"},
    {"null", "sni", "null", IN_A "sni must be true or false"},
    {"no switch", "dane_ee_only_31", NULL,
     IN_A "dane_ee_only_31 is missing; give it true or false"},
    {"a number for a switch", "opportunistic_verify", "0",
     IN_A "opportunistic_verify must be true or false"},
    {"a level of others", "level", "\"dane\"",
     IN_A "level must be one of \"may\", \"encrypt\", \"verify\""},
    {"in capitals", "level", "\"May\"", IN_A "level must be one of"},
    {"names", "names", "\"cn\"",
     IN_A "names must be one of \"host\", \"host_or_cn\", \"next_hop\""},
    {"an order", "policy_order", "\"sts_then_dane\"",
     IN_A "policy_order must be one of \"none\", \"dane_then_sts\""},
    {"what is held against a policy", "sts_names", "\"host\"",
     IN_A "sts_names must be one of \"unknown\", \"mx_and_host\", \"patterns\""},
    {"STARTTLS that is not offered refuses nothing", "required_tls_missing", "\"returns\"",
     IN_A "required_tls_missing must be one of \"unknown\", \"next\", \"asks\""},
    {"both, and DANE left out", "policy_order", "\"dane_and_sts\"",
     IN_A "dane must be \"no\" exactly where policy_order leaves DANE out"},
    {"DANE", "dane", "true", IN_A "dane must be one of \"no\", \"secure_mx\", \"insecure_mx\""},
    {"what follows", "without_tls", "\"defer\"",
     IN_A "without_tls must be one of \"unknown\", \"clear\""},
    {"a number of sessions that is none", "sessions_max", "-1",
     IN_A "sessions_max must be null or a number from 0 to 2147483647"},
    {"a number of addresses left out", "addresses_max", NULL,
     IN_A "addresses_max is missing; give it null or a number"},
    {"which addresses", "addresses_kept", "\"last\"",
     IN_A "addresses_kept must be one of \"unknown\", \"first\", \"balanced\""},
    {"a list", "tls_failure", "[\"clear\"]", IN_A "tls_failure must be one of"},
    {"an object without a value", "level", "{\"source\": \"a page\"}",
     IN_A "level must be one of \"may\""},
    {"a value in a value", "level", "{\"value\": {\"value\": \"may\"}}",
     IN_A "level must be one of"},
    {"another key beside the value", "level", "{\"value\": \"may\", \"url\": \"x\"}",
     IN_A "level has 'url'; known keys: value, source, date, mark"},
    {"a source that is no text", "level", "{\"value\": \"may\", \"source\": 1}",
     IN_A "source of level must be a text"},
    {"a date that is no text", "sni", "{\"value\": true, \"date\": 20261122}",
     IN_A "date of sni must be a text"},
    {"another mark", "sni", "{\"value\": true, \"mark\": \"seen\"}",
     IN_A "mark of sni must be \"observed\", \"documented\" or \"assumed\""},
    {"seen by nobody", "sni", "{\"value\": true, \"mark\": \"observed\"}",
     IN_A "source of sni must be given where the mark is \"observed\""},
    {"a day that is none", "sni", "{\"value\": true, \"date\": \"yesterday\"}",
     IN_A "date of sni must be a day, as 2026-11-29"},
    {"nothing that is inherited", "inherited_mark", "\"assumed\"",
     IN_A "inherited_mark must be \"observed\", \"documented\" or \"assumed\", beside like"},
    {"a case of no mail that is none", "no_mail_deferred", "[\"mx\"]",
     IN_A "no_mail_deferred must be null or a list"},
    {"the word of format 1", "sni", "{\"value\": true, \"assumed\": true}",
     IN_A "sni has 'assumed'"},
    {"a set that is none", "reply_lines", "\"nul\"",
     IN_A "reply_lines must be a list, each once, of \"cr_cr_lf\""},
    {"a word twice in it", "reply_lines", "[\"nul\", \"nul\"]", IN_A "reply_lines must be a list"},
    {"a quirk that is about no line", "reply_lines", "[\"injected\"]",
     IN_A "reply_lines must be a list"},
    {"a set left out", "reply_lines", NULL, IN_A "reply_lines is missing; give it a list"},
    {"null for a list", "reply_lines_fatal", "null", IN_A "reply_lines_fatal must be a list"},
    {"a form that is about no list", "forms", "[\"closed_after_refusal\"]",
     IN_A "forms must be a list"},
    {"a form with which STARTTLS is seen and not", "forms_unseen", "[\"own_name\"]",
     IN_A "forms must be of other words than forms_unseen and forms_fatal"},
    {"one that is unseen and fatal", "forms_fatal", "[\"hidden_greeting\"]",
     IN_A "forms must be of other words than forms_unseen and forms_fatal"},
    {"read over, and fatal", "reply_lines_fatal", "[\"nul\"]",
     IN_A "reply_lines_fatal must be of other words than reply_lines"},
    {"a quirk of records in policies", "sts_policy_tolerates", "[\"front_space\"]",
     IN_A "sts_policy_tolerates must be null or a list, each once, of \"blank_line\""},
    {"a reading left out", "sts_record_tolerates", NULL,
     IN_A "sts_record_tolerates is missing; give it null or a list"},
    {"no stack", "tls_stack", NULL, IN_A "tls_stack must be the id of one of the tls_stacks"},
    {"a stack that is not there", "tls_stack", "\"gnutls\"", IN_A "tls_stack must be the id of"},
    {"like itself", "like", "\"a\"", IN_A "like must be the id of an earlier profile"},
    {"a field that is none", "tls-max", "\"1.3\"", IN_A "'tls-max' is not a field of a profile"},
    {"notes that are no text", "notes", "[]", IN_A "notes must be a text"},
    {"no title", "title", NULL, IN_A "title must be a text of 1 to 200 octets"},
    {"an empty one", "title", "\"\"", IN_A "title must be a text of 1 to 200 octets"},
    {"a title with NUL", "title", "\"a\\u0000b\"", "NUL"},
    {"a title of two lines", "title", "\"a\\nb\"", IN_A "title must be"},
    {"DANE that is never used", "dane", "\"secure_mx\"", IN_A "dane must be \"no\" exactly where"},
    {"DANE in the order alone", "policy_order", "\"dane_only\"",
     IN_A "dane must be \"no\" exactly where"},
    {"no id", "id", NULL, "profile 1: id must be"},
    {"an id in capitals", "id", "\"Gmail\"", "profile 1: id must be"},
    {"an id of two lines", "id", "\"a\\nb\"", "profile 1: id must be"},
    {"an empty one", "id", "\"\"", "profile 1: id must be"},
    {"an id with NUL", "id", "\"a\\u0000b\"", "NUL"},
    {"an id of 41 characters", "id", ID_41, "at most 40"},
};

Test(sender_profiles, a_bad_value_is_named)
{
    for (size_t i = 0; i < sizeof(bad_values) / sizeof(bad_values[0]); i++) {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        put_head(&text, NULL, NULL);
        put_profile(&text, bad_values[i].key, bad_values[i].value);
        buf_put_text(&text, "]}");
        check_refused(bad_values[i].name, &text, bad_values[i].says);
        buf_deinit(&text);
    }
}

static const struct {
    const char *name;
    const char *key;
    const char *value; /* NULL: left out */
    const char *says;
} bad_stacks[] = {
    {"no id", "id", NULL, "tls_stack 1: id must be"},
    {"a field that is none", "curves", "[]",
     "tls_stack 's': 'curves' is not a field of a tls_stack"},
    {"left out", "groups", NULL,
     "tls_stack 's': groups is missing; give it null or a list, each once, of"},
    {"a group that is none", "groups", "[\"x448\"]", "tls_stack 's': groups must be null or"},
    {"a negative number", "rsa_bits_min", "-1",
     "tls_stack 's': rsa_bits_min must be null or a number from 0 to 2147483647"},
    {"a fraction", "dh_bits_min", "1.5", "tls_stack 's': dh_bits_min must be null or a number"},
    {"more than fits", "list_octets_max", "2147483648", "list_octets_max must be null or"},
    {"the smallest over the largest", "rsa_bits_min", "16385",
     "tls_stack 's': rsa_bits_min must be no more than rsa_bits_max"},
    {"a truth in a switch's words", "anonymous", "true",
     "tls_stack 's': anonymous must be one of \"unknown\", \"no\", \"yes\""},
    {"like another that is not there", "like", "\"t\"",
     "tls_stack 's': like must be the id of an earlier tls_stack"},
};

Test(sender_profiles, a_bad_stack_is_named)
{
    for (size_t i = 0; i < sizeof(bad_stacks) / sizeof(bad_stacks[0]); i++) {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        put_head(&text, bad_stacks[i].key, bad_stacks[i].value);
        put_profile(&text, NULL, NULL);
        buf_put_text(&text, "]}");
        check_refused(bad_stacks[i].name, &text, bad_stacks[i].says);
        buf_deinit(&text);
    }
}

/* Fields that are not there are those of the other, marks included. */
Test(sender_profiles, like_another)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    put_head(&text, NULL, NULL);
    put_profile(&text, "sni", "{\"value\": true, \"mark\": \"observed\", \"source\": \"seen\"}");
    buf_put_text(&text, ", {\"id\": \"b\", \"title\": \"B\", \"like\": \"a\", "
                        "\"tls_max\": {\"value\": \"1.2\", \"mark\": \"documented\"}}, "
                        "{\"id\": \"c\", \"title\": \"C\", \"like\": \"a\", "
                        "\"inherited_mark\": \"documented\"}]}");
    struct sender_profiles_file *f = parse(&text, &why);
    cr_assert_not_null(f, "%s", (const char *)why.at);
    cr_assert_eq(f->profiles.count, 3);
    const struct sender_profile *c = &f->profiles.items[2];
    cr_expect(c->sni && c->marks[PROFILE_FIELD_SNI] == FIELD_MARK_DOCUMENTED &&
                  c->marks[PROFILE_FIELD_TLS_MIN] == FIELD_MARK_ASSUMED,
              "inherited by other software");
    const struct sender_profile *b = &f->profiles.items[1];
    cr_expect(b->sni && b->marks[PROFILE_FIELD_SNI] == FIELD_MARK_OBSERVED);
    cr_expect(b->tls_max == 0x0303 && b->marks[PROFILE_FIELD_TLS_MAX] == FIELD_MARK_DOCUMENTED);
    cr_expect(b->tls_min == 0x0301 && b->marks[PROFILE_FIELD_TLS_MIN] == FIELD_MARK_ASSUMED,
              "a value that stands alone has no source");
    cr_expect_eq(b->stack, f->profiles.items[0].stack);
    cr_expect_str_eq(b->title, "B");
    sender_profiles_free(f);
    buf_deinit(&text);
    buf_deinit(&why);
}

Test(sender_profiles, every_shipped_field_has_a_source)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct sender_profiles_file *f = sender_profiles_load(NULL, &why);
    cr_assert_not_null(f);
    for (size_t i = 0; i < f->profiles.count; i++) {
        const struct sender_profile *p = &f->profiles.items[i];
        for (int k = 0; k < PROFILE_FIELD_COUNT; k++) {
            cr_expect_neq(p->marks[k], FIELD_MARK_NONE, "%s: field %d", p->id, k);
        }
        for (int k = 0; k < STACK_FIELD_COUNT; k++) {
            cr_expect_neq(p->stack->marks[k], FIELD_MARK_NONE, "%s: field %d", p->stack->id, k);
        }
    }
    sender_profiles_free(f);
    buf_deinit(&why);
}

/* --- bad files ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    const char *text;
    const char *says;
} bad_files[] = {
    {"empty", "", "line 1"},
    {"cut off", "{\"format\": 2, \"profiles\": [", "line 1"},
    {"no JSON", "id: a\n", "line 1"},
    {"a fault further down", "{\"format\": 2,\n\"profiles\": oops}", "line 2"},
    {"a list", "[]", "the file must be one object"},
    {"two objects", "{} {}", "line 1"},
    {"a key twice", "{\"format\": 2, \"format\": 2}", "duplicate"},
    {"no format", "{\"profiles\": []}", "format must be 2"},
    {"an older one", "{\"format\": 1, \"profiles\": []}", "format must be 2"},
    {"a format in words", "{\"format\": \"2\", \"profiles\": []}", "format must be 2"},
    {"another key", "{\"format\": 2, \"senders\": []}",
     "'senders' is not a key of the file; known keys: format, notes, tls_stacks, profiles"},
    {"no list", "{\"format\": 2}", "profiles must be a list of 1 to 64 objects"},
    {"an object for it", "{\"format\": 2, \"profiles\": {}}", "profiles must be a list"},
    {"none in it", "{\"format\": 2, \"profiles\": []}", "profiles must be a list"},
    {"no stacks", "{\"format\": 2, \"profiles\": [1]}",
     "tls_stacks must be a list of 1 to 64 objects"},
    {"what is no stack", "{\"format\": 2, \"tls_stacks\": [1], \"profiles\": [1]}",
     "tls_stack 1: id must be"},
    {"what the fault quotes is one line", "{\"a\" 1\n2}", "line 1"},
    {"a text of two lines", "{\"format\": \"a\nb\"}", "line 1"},
    {"not UTF-8", "{\"format\": 1, \"notes\": \"\xff\"}", "line 1"},
};

Test(sender_profiles, a_bad_file_is_refused)
{
    for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        buf_put_text(&text, bad_files[i].text);
        check_refused(bad_files[i].name, &text, bad_files[i].says);
        buf_deinit(&text);
    }
}

Test(sender_profiles, nesting_without_end_is_refused)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < 100000; i++) {
        buf_put_char(&text, '[');
    }
    check_refused("depth", &text, "line 1");
    buf_deinit(&text);
}

Test(sender_profiles, a_nul_octet_is_refused)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&text, SPAN_LIT("{\"format\": 1,\0 \"profiles\": []}"));
    check_refused("NUL", &text, "line 1");
    buf_deinit(&text);
}

static void put_many(struct buf *text, size_t count, bool same)
{
    put_head(text, NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "\"p%zu\"", same ? 0 : i);
        buf_put_text(text, i > 0 ? "," : "");
        put_profile(text, "id", id);
    }
    buf_put_text(text, "]}");
}

Test(sender_profiles, at_most_64_with_names_of_their_own)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    put_many(&text, SENDER_PROFILES_MAX, false);
    struct sender_profiles_file *f = parse(&text, &why);
    cr_assert_not_null(f, "%s", (const char *)why.at);
    cr_expect_eq(f->profiles.count, SENDER_PROFILES_MAX);
    sender_profiles_free(f);
    buf_reset(&text);
    put_many(&text, SENDER_PROFILES_MAX + 1, false);
    check_refused("65", &text, "profiles must be a list of 1 to 64 objects");
    buf_reset(&text);
    put_many(&text, 2, true);
    check_refused("twice", &text, "profile 2: id must be");
    buf_deinit(&text);
    buf_deinit(&why);
}

Test(sender_profiles, a_long_title_is_refused)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    struct buf title = BUF_INIT(BUF_NO_LIMIT);
    buf_put_char(&title, '"');
    for (size_t i = 0; i < 201; i++) {
        buf_put_char(&title, 'x');
    }
    buf_put(&title, SPAN_LIT("\"\0"));
    put_head(&text, NULL, NULL);
    put_profile(&text, "title", (const char *)title.at);
    buf_put_text(&text, "]}");
    check_refused("title", &text, IN_A "title must be a text of 1 to 200 octets");
    buf_deinit(&text);
    buf_deinit(&title);
}

Test(sender_profiles, the_oldest_version_is_no_newer_than_the_newest)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    put_head(&text, NULL, NULL);
    put_profile(&text, "tls_min", "\"1.3\"");
    buf_put_text(&text, "]}");
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct sender_profiles_file *f = parse(&text, &why);
    cr_expect_not_null(f, "1.3 to 1.3");
    sender_profiles_free(f);
    buf_reset(&text);
    put_head(&text, NULL, NULL);
    put_profile(&text, NULL, NULL);
    buf_put_text(&text, ", {\"id\": \"b\", \"title\": \"B\", \"like\": \"a\", "
                        "\"tls_min\": \"1.2\", \"tls_max\": \"1.1\"}]}");
    check_refused("window", &text, "profile 'b': tls_min must be no newer than tls_max");
    buf_deinit(&text);
    buf_deinit(&why);
}

/* --- files that cannot be read -------------------------------------------------------------- */

static void check_not_loaded(const char *path, const char *says)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct sender_profiles_file *f = sender_profiles_load(path, &why);
    buf_put_char(&why, '\0');
    cr_expect_null(f);
    cr_expect_not_null(strstr((const char *)why.at, says), "%s", (const char *)why.at);
    cr_expect_not_null(strstr((const char *)why.at, path), "%s", (const char *)why.at);
    sender_profiles_free(f);
    buf_deinit(&why);
}

Test(sender_profiles, files_that_cannot_be_read)
{
    char path[] = "sender_profiles_XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    check_not_loaded("no/such/file", "No such file");
    check_not_loaded(".", "Is a directory");
    check_not_loaded(path, "line 1");
    cr_assert_eq(ftruncate(fd, SENDER_PROFILES_OCTETS_MAX + 1), 0);
    check_not_loaded(path, "over 1048576 octets");
    cr_assert_eq(close(fd), 0);
    cr_assert_eq(unlink(path), 0);
}
