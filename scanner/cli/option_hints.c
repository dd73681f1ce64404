#include "scanner/cli/option_hints.h"

#include "scanner/base/text_distance.h"
#include "scanner/cli/option_table.h"

#define WORD_DISTANCE_MAX 2 /* of a word that is meant; and less than half of it */

/** The most similar word so far. */
struct similar {
    struct span wanted;
    const char *word; /* NULL: none is similar */
    size_t distance;
};

static struct similar similar_to(struct span wanted)
{
    size_t half = wanted.len / 2;
    size_t most = half < WORD_DISTANCE_MAX ? half : WORD_DISTANCE_MAX;
    return (struct similar){.wanted = wanted, .distance = most + 1};
}

static void similar_try(struct similar *s, const char *word)
{
    size_t d = s->distance > 0 ? text_distance(s->wanted, span_of(word), s->distance - 1) : 1;
    if (d < s->distance) {
        s->distance = d;
        s->word = word;
    }
}

void option_put_unknown_command(struct buf *why, const char *word)
{
    struct similar s = similar_to(span_of(word));
    for (enum command c = 0; c < COMMAND_COUNT; c++) {
        similar_try(&s, command_info(c)->word);
    }
    similar_try(&s, "help");
    buf_putf(why, "unknown command '%s'; ", word);
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
