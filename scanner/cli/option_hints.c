#include "scanner/cli/option_hints.h"

#include "scanner/cli/option_table.h"
#include "scanner/cli/similar.h"

void option_put_unknown_command(struct buf *why, const char *word)
{
    struct similar s = similar_to(span_of(word));
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        similar_try(&s, command_info(c)->word);
    }
    static const char *const others[] = {"help", "version", "--help", "--version"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        similar_try(&s, others[i]);
    }
    buf_putf(why, "unknown %s '%s'; ", word[0] == '-' ? "option" : "command", word);
    if (s.word != NULL) {
        buf_putf(why, "did you mean %s? ", s.word);
    }
    buf_put_text(why, s.word != NULL ? "See mxcensus --help" : "try mxcensus --help");
}

void option_put_similar(struct buf *why, enum command c, const char *word)
{
    const char *name = strncmp(word, "--", 2) == 0 ? word + 2 : "";
    struct similar s = similar_to(span_take(span_of(name), strcspn(name, "=")));
    for (size_t i = 0; i < option_table_count; i++) {
        if (option_is_of(&option_table[i], c)) {
            similar_try(&s, option_table[i].name);
        }
    }
    if (s.word != NULL) {
        buf_putf(why, ", did you mean --%s?", s.word);
    }
}

void option_put_owners(struct buf *why, enum command c, const char *word)
{
    const char *name = strncmp(word, "--", 2) == 0 ? word + 2 : "";
    size_t len = strcspn(name, "=");
    const char *before = " of ";
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table[i];
        if (strlen(row->name) != len || strncmp(row->name, name, len) != 0) {
            continue;
        }
        for (enum command other = 0; other < COMMAND_COUNT; other++) {
            if (other != c && option_is_of(row, other)) {
                buf_putf(why, "%smxcensus %s", before, command_info(other)->word);
                before = " and ";
            }
        }
    }
}
