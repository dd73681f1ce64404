#include "scanner/cli/similar.h"

#include "output/tables.h"
#include "scanner/base/text_distance.h"

#define WORD_DISTANCE_MAX 2 /* of a word that is meant; and less than half of it */

struct similar similar_to(struct span wanted)
{
    size_t half = wanted.len / 2;
    size_t most = half < WORD_DISTANCE_MAX ? half : WORD_DISTANCE_MAX;
    return (struct similar){.wanted = wanted, .distance = most + 1};
}

void similar_try(struct similar *s, const char *word)
{
    size_t d = s->distance > 0 ? text_distance(s->wanted, span_of(word), s->distance - 1) : 1;
    if (d < s->distance) {
        s->distance = d;
        s->word = word;
    }
}

void similar_put_no_table(const char *option, struct span wanted, struct buf *why)
{
    struct similar s = similar_to(wanted);
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        similar_try(&s, table_name((enum table_id)t));
    }
    buf_putf(why, "%s%s'", option != NULL ? option : "", option != NULL ? " " : "");
    buf_put(why, wanted);
    buf_put_text(why, "' is no table");
    if (s.word != NULL) {
        buf_putf(why, "; did you mean %s?", s.word);
    } else {
        buf_put_text(why, "; the tables are ");
        table_put_names(why);
    }
}
