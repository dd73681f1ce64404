#include "scanner/cli/fleet_option.h"

#include <errno.h>

#include "output/json_writer.h"
#include "scanner/base/file.h"
#include "scanner/cert/digest.h"
#include "scanner/fleet/topics.h"

#define TERM_FILE_MAX  (256U << 20)
#define PARTS_A_MEMBER 8 /* threads of a machine, where nobody says how many */

static bool is_power_of_two(uint32_t n)
{
    return (n & (n - 1)) == 0;
}

static uint32_t parts_of(uint32_t members)
{
    uint32_t parts = 1;
    while (parts < FLEET_PARTS_LIMIT && parts < members * PARTS_A_MEMBER) {
        parts *= 2;
    }
    return parts;
}

bool fleet_option_apply(struct options *o, struct buf *why)
{
    o->fleet_parts = o->fleet_parts != 0 ? o->fleet_parts : parts_of(o->fleet_members);
    if (o->brokers == NULL) {
        buf_put_text(why, "which brokers? Give --brokers HOST:PORT");
    } else if (o->fleet_scan == NULL) {
        buf_put_text(why, "which scan? Give its name with --scan NAME");
    } else if (!is_power_of_two(o->fleet_parts)) {
        buf_putf(why, "--partitions %u is no power of two: give 16, 64 or the like",
                 o->fleet_parts);
    } else if (o->fleet_members > o->fleet_parts) {
        buf_putf(why, "--members %u is more than --partitions %u: some would have nothing to do",
                 o->fleet_members, o->fleet_parts);
    } else if (o->fleet_members > o->params.operator_limit) {
        buf_putf(
            why,
            "--members %u is more than --operator-limit %u, which is divided among them: raise "
            "the limit, or have fewer members",
            o->fleet_members, o->params.operator_limit);
    }
    return why->len == 0;
}

struct kafka_params fleet_option_kafka(const struct options *o)
{
    return (struct kafka_params){
        .brokers = o->brokers, .options = o->kafka_options, .option_count = o->kafka_option_count};
}

/* --- words ----------------------------------------------------------------------------------- */

/* The lists are fed, not named. */
static bool is_word(const struct options *o, size_t row)
{
    return o->given[row] && option_is_of(&option_table[row], COMMAND_SCAN) &&
           option_table[row].group != OPTION_GROUP_OTHER &&
           strcmp(option_table[row].name, "input-file") != 0 &&
           strcmp(option_table[row].name, "config") != 0 &&
           strcmp(option_table[row].name, "quiet") != 0; /* of each command */
}

static bool add_word(struct fleet_terms *terms, const struct option_row *row, const char *value)
{
    struct buf word = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&word, "--%s", row->name);
    if (row->argument != NULL) {
        buf_putf(&word, "=%s", value);
    }
    bool ok = fleet_terms_add_word(terms, buf_span(&word));
    buf_deinit(&word);
    return ok;
}

static bool add_repeated(const struct options *o, struct fleet_terms *terms,
                         const struct option_row *row)
{
    bool ok = true;
    for (size_t i = 0; i < o->params.repeated_count && ok; i++) {
        if (strcmp(o->repeated[i].name, row->name) == 0) {
            ok = add_word(terms, row, o->repeated[i].value);
        }
    }
    return ok;
}

static const char *value_in_force(const struct options *o, const char *name)
{
    const char *value = "";
    for (size_t i = 0; i < o->params.option_count; i++) {
        if (strcmp(o->in_force[i].name, name) == 0) {
            value = o->in_force[i].value;
        }
    }
    return value;
}

bool fleet_option_put_words(const struct options *o, struct fleet_terms *terms)
{
    bool ok = true;
    for (size_t i = 0; i < option_table_count && ok; i++) {
        const struct option_row *row = &option_table[i];
        if (is_word(o, i)) {
            ok = option_is_repeatable(row) ? add_repeated(o, terms, row)
                                           : add_word(terms, row, value_in_force(o, row->name));
        }
    }
    return ok;
}

/* --- files ------------------------------------------------------------------------------------ */

static bool put_file(struct json_writer *json, const char *name, const char *path, struct buf *why)
{
    struct buf octets = BUF_INIT(TERM_FILE_MAX);
    uint8_t digest[32];
    bool ok = file_read(path, &octets) == FILE_COMPLETE;
    if (ok) {
        digest_sha256(buf_span(&octets), digest);
        json_key_text(json, span_of(path));
        json_hex(json, (struct span){digest, sizeof(digest)});
    } else {
        buf_putf(why, "--%s %s: %s", name, path, strerror(errno));
    }
    buf_deinit(&octets);
    return ok;
}

static bool names_file(const char *name)
{
    static const char *const names[] = {"root-cas", "intermediates", "sender-profiles",
                                        "shared-operators", "blocklist-file"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* --root-cas [NAME=]FILE, or the bundle of each machine. */
static const char *path_of(const char *name, const char *value)
{
    const char *equals = strcmp(name, "root-cas") == 0 ? strchr(value, '=') : NULL;
    const char *path = equals != NULL ? equals + 1 : value;
    return strcmp(name, "root-cas") == 0 && strcmp(path, SYSTEM_STORE_NAME) == 0 ? NULL : path;
}

bool fleet_option_put_files(const struct options *o, struct buf *json, struct buf *why)
{
    struct fleet_terms words;
    struct json_writer w = json_writer(json);
    bool ok = true;
    fleet_terms_init(&words);
    (void)fleet_option_put_words(o, &words);
    json_object_begin(&w);
    for (size_t i = 0; i < words.word_count && ok; i++) {
        char *name = words.words[i] + 2;
        char *value = strchr(name, '=');
        if (value != NULL) {
            *value++ = '\0';
        }
        const char *path = value != NULL && names_file(name) ? path_of(name, value) : NULL;
        ok = path == NULL || put_file(&w, name, path, why);
    }
    json_object_end(&w);
    fleet_terms_deinit(&words);
    return ok;
}
