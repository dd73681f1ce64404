#include "scanner/analysis/sender_profile.h"

static enum field_mark weaker(enum field_mark a, enum field_mark b)
{
    return a > b ? a : b;
}

enum field_mark sender_profile_mark(const struct sender_profile *p, const struct rests_on *fields)
{
    enum field_mark mark = FIELD_MARK_NONE;
    for (unsigned f = 0; f < PROFILE_FIELD_COUNT; f++) {
        if ((fields->profile >> f & 1U) != 0) {
            mark = weaker(mark, (enum field_mark)p->marks[f]);
        }
    }
    for (unsigned f = 0; f < STACK_FIELD_COUNT; f++) {
        if ((fields->stack >> f & 1U) != 0) {
            mark = weaker(mark, (enum field_mark)p->stack->marks[f]);
        }
    }
    return mark;
}
