#include <criterion/criterion.h>

#include "output/row_choice.h"
#include "scanner/base/text.h"
#include "scanner/cli/completion.h"
#include "scanner/cli/completion_values.h"
#include "scanner/cli/manual.h"
#include "scanner/cli/option_readers.h"
#include "tests/support/read_file.h"

static bool has(const struct buf *b, const char *text)
{
    return memmem(b->at, b->len, text, strlen(text)) != NULL;
}

Test(manual, each_command_has_a_page_with_all_its_options)
{
    struct buf main_page = BUF_INIT(BUF_NO_LIMIT);
    read_file(SOURCE_ROOT "/docs/mxcensus.1", &main_page);
    cr_assert(has(&main_page, "\"mxcensus " MXCENSUS_VERSION "\""));
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        const char *word = command_info(c)->word;
        struct buf page = BUF_INIT(BUF_NO_LIMIT);
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        cr_assert(manual_put_command(&page, c, buf_span(&main_page)), "%s", word);
        for (size_t i = 0; i < option_table_count; i++) {
            buf_reset(&text);
            buf_put_text(&text, "\\fB\\-\\-");
            for (const char *at = option_table[i].name; *at != '\0'; at++) {
                buf_put_text(&text, *at == '-' ? "\\" : "");
                buf_put_char(&text, *at);
            }
            buf_putf(&text, "\\fR%s", option_table[i].argument != NULL ? " " : "\n");
            buf_put_char(&text, '\0');
            bool of_others = false; /* one of another command may have this name */
            for (size_t j = 0; j < option_table_count; j++) {
                of_others = of_others || (option_is_of(&option_table[j], c) &&
                                          strcmp(option_table[j].name, option_table[i].name) == 0);
            }
            cr_assert_eq(has(&page, (const char *)text.at), of_others, "%s %s", word,
                         option_table[i].name);
        }
        buf_reset(&text);
        buf_put_text(&text, ".BR mxcensus\\-");
        for (const char *at = word; *at != '\0'; at++) {
            buf_put_text(&text, *at == '-' ? "\\" : "");
            buf_put_char(&text, *at);
        }
        buf_put_text(&text, " (1)");
        buf_put_char(&text, '\0');
        cr_assert(has(&main_page, (const char *)text.at), "SEE ALSO of mxcensus(1): %s", word);
        buf_deinit(&page);
        buf_deinit(&text);
    }
    buf_deinit(&main_page);
}

Test(manual, a_page_without_the_command_is_refused)
{
    static const struct {
        const char *what;
        const char *page;
        bool ok;
    } cases[] = {
        {"all parts",
         ".SH SYNOPSIS\n.B mxcensus diff\nA\n.br\n.SH DESCRIPTION\n.SS diff\nx\n"
         ".SH EXIT STATUS\n0\n.SH EXAMPLES\n.nf\nmxcensus diff a b\n",
         true},
        {"no synopsis", ".SS diff\nx\n.SH EXIT STATUS\n0\n.SH EXAMPLES\n.nf\n", false},
        {"no description",
         ".SH SYNOPSIS\n.B mxcensus diff\nA\n.SH EXIT STATUS\n0\n.SH EXAMPLES\n.nf\n", false},
        {"no exit status", ".B mxcensus diff\nA\n.SS diff\nx\n.SH EXAMPLES\n.nf\n", false},
        {"an empty description",
         ".B mxcensus diff\nA\n.br\n.SS diff\n.SH EXIT STATUS\n0\n.SH EXAMPLES\n.nf\n", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf b = BUF_INIT(BUF_NO_LIMIT);
        cr_assert_eq(manual_put_command(&b, COMMAND_DIFF, span_of(cases[i].page)), cases[i].ok,
                     "%s", cases[i].what);
        buf_deinit(&b);
    }
}

/* What a value needs beside it. */
static const struct {
    const char *name;
    const char *word; /* NULL: any */
    const char *beside[7];
} needs[] = {
    {"format", "text", {"--stdout", "domains"}},
    {"format", "csv", {"--output", "results"}},
    {"format", "both", {"--output", "results"}},
    {"compress", NULL, {"--output", "results"}},
    {"tables", NULL, {"--output", "results", "--format", "both", "--detail", "normal"}},
    {"fail-on", "new-error", {"old", "new"}},
    {"fail-on", "new-warning", {"old", "new"}},
};

/* As `scan`, or the first command that has the option. */
static bool is_taken(const struct option_row *row, const char *word, struct buf *why)
{
    static struct options o;
    char name[64];
    char value[64];
    const char *argv[12] = {"mxcensus"};
    int argc = 1;
    enum command c = 0;
    while (!option_is_of(row, c)) {
        c++;
    }
    argv[argc++] = command_info(c)->word;
    /* A probe needs others. */
    const char *first = row->read != option_read_probes     ? ""
                        : strcmp(word, "no-sni-short") == 0 ? "sni,"
                                                            : "sni,no-sni,";
    (void)snprintf(name, sizeof(name), "--%s", row->name);
    (void)snprintf(value, sizeof(value), "%s%s", first, word);
    argv[argc++] = name;
    argv[argc++] = value;
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        bool fits = strcmp(needs[i].name, row->name) == 0 &&
                    (needs[i].word == NULL || strcmp(needs[i].word, word) == 0) &&
                    c == COMMAND_SCAN;
        for (size_t j = 0; fits && needs[i].beside[j] != NULL; j++) {
            argv[argc++] = needs[i].beside[j];
        }
    }
    /* OLD NEW, RESULTS, DOMAIN */
    for (int words = c == COMMAND_DIFF                          ? 2
                     : c == COMMAND_SCAN || c == COMMAND_SCHEMA ? 0
                                                                : 1;
         words > 0; words--) {
        argv[argc++] = "results";
    }
    return options_read(&o, argc, (char **)argv, why) == OPTIONS_RUN;
}

/* Each word that is offered is one that the option takes. */
Test(completion, words_of_options_are_those_that_are_taken)
{
    size_t with_words = 0;
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table[i];
        enum value_kind kind = value_kind_of(row);
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        struct buf words = BUF_INIT(BUF_NO_LIMIT);
        if (kind != VALUE_WORD && kind != VALUE_WORDS) {
            /* One that says "use a, b or c" has words. */
            static struct options o;
            memset(&o, 0, sizeof(o));
            cr_assert(row->argument == NULL || row->read(&o, row, "?", &why) ||
                          !has(&why, "is not known: use"),
                      "%s", row->name);
            buf_deinit(&why);
            continue;
        }
        value_put_words(&words, row);
        struct span rest = buf_span(&words);
        cr_assert_gt(rest.len, 0, "%s", row->name);
        while (rest.len > 0) {
            char word[64] = "";
            struct span at = text_take_until(&rest, ' ');
            memcpy(word, at.at, at.len);
            buf_reset(&why);
            bool taken = is_taken(row, word, &why);
            buf_put_char(&why, '\0');
            cr_assert(taken, "--%s %s: %s", row->name, word, (const char *)why.at);
            with_words++;
        }
        buf_deinit(&why);
        buf_deinit(&words);
    }
    cr_assert_gt(with_words, 200);
}

Test(completion, fields_of_a_table_are_those_that_are_taken)
{
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        struct row_choice choice = {.table = (enum table_id)t};
        struct buf fields = BUF_INIT(BUF_NO_LIMIT);
        completion_put_fields(&fields, (enum table_id)t);
        struct span rest = buf_span(&fields);
        size_t count = 0;
        while (rest.len > 0) {
            cr_assert(row_choice_take(&choice, text_take_until(&rest, ' ')));
            count++;
        }
        row_choice_take_all(&choice);
        cr_assert_eq(count, choice.count, "%s", table_name((enum table_id)t));
        buf_deinit(&fields);
    }
}

Test(completion, each_shell_has_all_commands_and_options)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    for (size_t s = 0; s < 3; s++) {
        struct buf b = BUF_INIT(BUF_NO_LIMIT);
        struct buf name = BUF_INIT(BUF_NO_LIMIT);
        cr_assert(completion_put(&b, shells[s]));
        for (size_t i = 0; i < option_table_count; i++) {
            buf_reset(&name);
            buf_putf(&name, "%s%s", s == 2 ? "-l " : "--", option_table[i].name);
            buf_put_char(&name, '\0');
            cr_assert(has(&b, (const char *)name.at), "%s: %s", shells[s], option_table[i].name);
        }
        for (enum command c = 0; c < COMMAND_COUNT; c++) {
            cr_assert(has(&b, command_info(c)->word), "%s: %s", shells[s], command_info(c)->word);
        }
        cr_assert(has(&b, "chain.missing_intermediate"));
        buf_deinit(&b);
        buf_deinit(&name);
    }
    struct buf none = BUF_INIT(BUF_NO_LIMIT);
    cr_assert(!completion_put(&none, "ksh") && none.len == 0);
    buf_deinit(&none);
}
