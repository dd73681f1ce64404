#include <criterion/criterion.h>

#include "scanner/base/buf.h"
#include "scanner/cli/completion.h"
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

/* Each word that is offered is one that the option takes, as the reader said it. */
Test(completion, words_of_options_are_those_that_are_read)
{
    static struct options o;
    size_t with_words = 0;
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table[i];
        const struct vocabulary *words = option_words(row);
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        if (words == NULL && row->read != NULL && row->argument != NULL) {
            /* One that says "use a, b or c" has words. */
            memset(&o, 0, sizeof(o));
            cr_assert(row->read(&o, row, "?", &why) || !has(&why, "is not known: use"), "%s",
                      row->name);
        }
        for (unsigned w = 0; words != NULL && w < words->count; w++) {
            if (!vocabulary_has_word(words, w)) {
                continue;
            }
            with_words++;
            memset(&o, 0, sizeof(o));
            bool known = row->read(&o, row, words->words[w].word, &why);
            buf_put_char(&why, '\0');
            /* A probe may need others beside it. */
            cr_assert(known || strstr((const char *)why.at, ": use ") != NULL, "%s %s: %s",
                      row->name, words->words[w].word, (const char *)why.at);
            buf_reset(&why);
        }
        buf_deinit(&why);
    }
    cr_assert_gt(with_words, 30);
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
