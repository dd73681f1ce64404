#include "scanner/cli/config_words.h"

#include <errno.h>
#include <string.h>

#include "scanner/base/file.h"
#include "scanner/base/file_mark.h"
#include "scanner/cli/config_file.h"
#include "scanner/cli/option_hints.h"
#include "scanner/cli/option_readers.h"
#include "scanner/cli/option_table.h"

#define NO_WORD SIZE_MAX /* the command line gives it, or it is a flag that is off */

struct config_origin {
    const struct option_row *row;
    size_t word;  /* where it begins in the text; NO_WORD */
    size_t value; /* the same; of what takes one */
    unsigned line;
};

static struct config_origin *origins_of(const struct config_words *c, size_t *count)
{
    *count = c->origins.len / sizeof(struct config_origin);
    return (struct config_origin *)(void *)c->origins.at;
}

/* --- reading --------------------------------------------------------------------------------- */

/* Abbreviations as getopt takes them; the shortest that is no other option. */
static bool is_config_word(const char *word, size_t len)
{
    return len >= strlen("--conf") && len <= strlen("--config") &&
           strncmp("--config", word, len) == 0;
}

static const struct option_row *row_named(enum command c, struct span name, bool *known)
{
    const struct option_row *found = NULL;
    *known = false;
    for (size_t i = 0; i < option_table_count; i++) {
        if (span_eq(span_of(option_table[i].name), name)) {
            *known = true;
            found = option_is_of(&option_table[i], c) ? &option_table[i] : found;
        }
    }
    return found;
}

/* A list on the command line is one, with the option or without. */
static bool is_on_command_line(const struct options *o, const struct option_row *row)
{
    return o->given[row - option_table] || (row->read == option_read_input && o->word_count > 0);
}

static bool is_good_line(const struct options *o, const struct option_row *row, bool known,
                         const struct config_line *line, struct buf *why)
{
    struct buf option = BUF_INIT(BUF_NO_LIMIT);
    buf_put_text(&option, "--");
    buf_put(&option, line->name);
    buf_put_char(&option, '\0');
    const char *word = (const char *)option.at;
    bool ok = false;
    if (!known) {
        buf_putf(why, "no command knows the option %s", word);
        option_put_similar(why, o->command, word);
    } else if (row != NULL &&
               (row->group == OPTION_GROUP_OTHER || row->read == option_read_config)) {
        buf_putf(why, "%s cannot stand in a file", word);
    } else if (row != NULL && row->argument == NULL && line->has_value &&
               !span_eq(line->value, SPAN_LIT("yes")) && !span_eq(line->value, SPAN_LIT("no"))) {
        buf_putf(why, "%s is a flag: it takes yes or no", word);
    } else if (row != NULL && row->argument != NULL && !line->has_value) {
        buf_putf(why, "%s needs a value: %s = %s", word, row->name, row->argument);
    } else {
        ok = true;
    }
    buf_deinit(&option);
    return ok;
}

/* As on the command line, the last one counts; but here nobody meant to override the other. */
static void forget_earlier(struct config_words *c, const struct options *o,
                           const struct config_origin *new)
{
    size_t count;
    struct config_origin *origins = origins_of(c, &count);
    for (size_t i = 0; i < count && !option_is_repeatable(new->row); i++) {
        if (origins[i].row == new->row) {
            buf_putf(&c->notices, "%s:%u: %s is set again: what line %u says does not count\n",
                     o->config_path, new->line, new->row->name, origins[i].line);
            origins[i] = *new;
            return;
        }
    }
    buf_put(&c->origins, (struct span){(const uint8_t *)new, sizeof(*new)});
}

static bool config_take_line(struct config_words *c, const struct options *o,
                             const struct config_line *line, config_word_check *check,
                             struct buf *why)
{
    bool known = false;
    const struct option_row *row = row_named(o->command, line->name, &known);
    struct config_origin origin = {.row = row, .word = NO_WORD, .line = line->number};
    if (!is_good_line(o, row, known, line, why)) {
        return false;
    }
    if (row == NULL || is_on_command_line(o, row)) {
        return true;
    }
    if (row->argument != NULL || !span_eq(line->value, SPAN_LIT("no"))) {
        origin.word = c->text.len;
        buf_put_text(&c->text, "--");
        buf_put(&c->text, line->name);
        if (row->argument != NULL) {
            buf_put_char(&c->text, '=');
            origin.value = c->text.len;
            buf_put(&c->text, line->value);
        }
        buf_put_char(&c->text, '\0');
        /* What is wrong with it is said of its line, before another can override it. */
        if (!check(o, (char *)c->text.at + origin.word, why)) {
            return false;
        }
    }
    forget_earlier(c, o, &origin);
    return true;
}

bool config_words_read(struct config_words *c, const struct options *o, config_word_check *check,
                       struct buf *why)
{
    struct buf file = BUF_INIT(CONFIG_FILE_MAX);
    struct buf reason = BUF_INIT(BUF_NO_LIMIT);
    enum file_end end = file_read(o->config_path, &file);
    bool ok = end == FILE_COMPLETE;
    *c = (struct config_words){.text = BUF_INIT(BUF_NO_LIMIT),
                               .origins = BUF_INIT(BUF_NO_LIMIT),
                               .words = BUF_INIT(BUF_NO_LIMIT),
                               .notices = BUF_INIT(BUF_NO_LIMIT)};
    if (!ok) {
        buf_putf(why, "--config %s: %s; give a file with lines 'name = value'", o->config_path,
                 end == FILE_TOO_LARGE ? "larger than 1 MiB" : strerror(errno));
    }
    struct span rest = span_drop(buf_span(&file), file_mark_utf8_len(buf_span(&file)));
    struct config_line line = {0};
    enum config_step step = CONFIG_LINE;
    while (ok && step != CONFIG_END) {
        step = config_file_next(&rest, &line, &reason);
        ok = step == CONFIG_END ||
             (step == CONFIG_LINE && config_take_line(c, o, &line, check, &reason));
        if (!ok) {
            buf_putf(why, "%s:%u: ", o->config_path, line.number);
            buf_put(why, buf_span(&reason));
        }
    }
    if (!ok) {
        buf_reset(&c->origins); /* the message has its line */
    }
    buf_deinit(&reason);
    buf_deinit(&file);
    return ok;
}

static void config_put_word(struct config_words *c, const char *word)
{
    buf_put(&c->words, (struct span){(const uint8_t *)&word, sizeof(word)});
}

void config_words_join(struct config_words *c, int argc, char **argv)
{
    bool options_end = false;
    size_t count;
    const struct config_origin *origins = origins_of(c, &count);
    config_put_word(c, argv[-1]); /* the program */
    config_put_word(c, argv[0]);
    for (size_t i = 0; i < count; i++) {
        if (origins[i].word != NO_WORD) {
            config_put_word(c, (const char *)c->text.at + origins[i].word);
        }
    }
    for (int i = 1; i < argc; i++) {
        size_t len = strcspn(argv[i], "=");
        options_end = options_end || strcmp(argv[i], "--") == 0;
        if (options_end || !is_config_word(argv[i], len)) {
            config_put_word(c, argv[i]);
        } else if (argv[i][len] == '\0') {
            i++; /* its value is a word of its own */
        }
    }
    config_put_word(c, NULL);
}

void config_words_deinit(struct config_words *c)
{
    buf_deinit(&c->text);
    buf_deinit(&c->origins);
    buf_deinit(&c->words);
    buf_deinit(&c->notices);
}

/* --- where a value came from ----------------------------------------------------------------- */

static bool config_name_has(uint8_t c)
{
    return c == '-' || ascii_is_digit(c) || (c >= 'a' && c <= 'z');
}

/** The next "--name" that is a word of its own. @return empty: there is none */
static struct span take_option_name(struct span *rest)
{
    for (size_t i = 0; i + 2 < rest->len; i++) {
        bool begins = i == 0 || strchr(" '(", rest->at[i - 1]) != NULL;
        if (!begins || rest->at[i] != '-' || rest->at[i + 1] != '-') {
            continue;
        }
        struct span name = span_drop(*rest, i + 2);
        size_t len = 0;
        while (len < name.len && config_name_has(name.at[len])) {
            len++;
        }
        *rest = span_drop(name, len);
        return span_take(name, len);
    }
    *rest = (struct span){0};
    return (struct span){0};
}

static struct span origin_value(const struct config_words *c, const struct config_origin *origin)
{
    const char *value = (const char *)c->text.at + origin->value;
    const char *equals = strchr(value, '=');
    bool named = origin->row->argument[0] == '['; /* [NAME=]FILE */
    return span_of(named && equals != NULL ? equals + 1 : value);
}

static bool config_has_text(struct span text, struct span part)
{
    return part.len > 0 && text.len > 0 && memmem(text.at, text.len, part.at, part.len) != NULL;
}

/** Of several lines of a list the last one whose value the message has, else the last. */
static const struct config_origin *origin_named(const struct config_words *c, struct span name,
                                                struct span message)
{
    size_t count;
    const struct config_origin *origins = origins_of(c, &count);
    const struct config_origin *last = NULL;
    const struct config_origin *said = NULL;
    for (size_t i = 0; i < count; i++) {
        if (origins[i].word != NO_WORD && span_eq(span_of(origins[i].row->name), name)) {
            last = &origins[i];
            bool is_said =
                last->row->argument != NULL && config_has_text(message, origin_value(c, last));
            said = is_said ? last : said;
        }
    }
    return said != NULL ? said : last;
}

/** "results: ...", "results/manifest.json: ..." and "use directory results: ..." */
static bool message_is_of(struct span message, struct span value)
{
    for (size_t i = 0; i + value.len < message.len; i++) {
        uint8_t behind = message.at[i + value.len];
        if ((i == 0 ? strchr(":/ ", behind) != NULL : message.at[i - 1] == ' ' && behind == ':') &&
            memcmp(message.at + i, value.at, value.len) == 0) {
            return true;
        }
    }
    return false;
}

static bool takes_path(const struct option_row *row)
{
    return row->argument != NULL &&
           (strstr(row->argument, "FILE") != NULL || strstr(row->argument, "DIR") != NULL);
}

static const struct config_origin *origin_with_path(const struct config_words *c,
                                                    struct span message)
{
    size_t count;
    const struct config_origin *origins = origins_of(c, &count);
    for (size_t i = 0; i < count; i++) {
        if (origins[i].word != NO_WORD && takes_path(origins[i].row) &&
            message_is_of(message, origin_value(c, &origins[i]))) {
            return &origins[i];
        }
    }
    return NULL;
}

static void config_put_origin(const struct options *o, const struct config_origin *origin,
                              struct buf *message)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&text, buf_span(message));
    buf_reset(message);
    buf_putf(message, "%s:%u: ", o->config_path, origin->line);
    buf_put(message, buf_span(&text));
    buf_deinit(&text);
}

void config_words_put_origin(const struct options *o, struct buf *message)
{
    const struct config_origin *origin = NULL;
    struct span rest = buf_span(message);
    while (origin == NULL && rest.len > 0) {
        struct span name = take_option_name(&rest);
        origin = name.len > 0 ? origin_named(&o->config, name, buf_span(message)) : NULL;
    }
    origin = origin != NULL ? origin : origin_with_path(&o->config, buf_span(message));
    if (origin != NULL) {
        config_put_origin(o, origin, message);
    }
}

void config_words_put_origin_first(const struct options *o, struct buf *message)
{
    struct span text = buf_span(message);
    if (span_eq(span_take(text, 2), SPAN_LIT("--"))) {
        const struct config_origin *origin =
            origin_named(&o->config, take_option_name(&text), buf_span(message));
        if (origin != NULL) {
            config_put_origin(o, origin, message);
        }
    }
}
