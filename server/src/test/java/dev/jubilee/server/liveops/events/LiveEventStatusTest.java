package dev.jubilee.server.liveops.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.liveops.occurrences.Occurrence;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class LiveEventStatusTest {
    /** Every pair of states: what may follow what is exactly this. */
    @Test
    void eventsGoNoOtherWays() {
        Set<String> ways = new HashSet<>();
        for (LiveEventStatus from : LiveEventStatus.values()) {
            for (LiveEventStatus to : LiveEventStatus.values()) {
                if (from.canBecome(to)) {
                    ways.add(from.text() + " > " + to.text());
                }
            }
        }
        assertThat(ways)
                .containsExactlyInAnyOrder(
                        "draft > scheduled",
                        "draft > cancelled",
                        "scheduled > active",
                        "scheduled > cancelled",
                        "active > scheduled",
                        "active > completed",
                        "active > cancelled",
                        "completed > scheduled");
    }

    @Test
    void everyOccurrenceEndsAndStaysEnded() {
        assertThat(reachable(Occurrence.Status.SCHEDULED, Transitions::next))
                .containsExactlyInAnyOrder(
                        Occurrence.Status.ACTIVE,
                        Occurrence.Status.CLOSING,
                        Occurrence.Status.COMPLETED,
                        Occurrence.Status.CANCELLED);
        for (Occurrence.Status status : Occurrence.Status.values()) {
            assertThat(reachable(status, Transitions::next)).doesNotContain(status);
            boolean ended =
                    status == Occurrence.Status.COMPLETED || status == Occurrence.Status.CANCELLED;
            assertThat(Transitions.next(status).isEmpty()).isEqualTo(ended);
        }
    }

    private static <E extends Enum<E>> Set<E> reachable(E from, Function<E, Set<E>> next) {
        Set<E> found =
                EnumSet.copyOf(next.apply(from).isEmpty() ? EnumSet.of(from) : next.apply(from));
        if (next.apply(from).isEmpty()) {
            found.clear();
            return found;
        }
        int before;
        do {
            before = found.size();
            for (E state : EnumSet.copyOf(found)) {
                found.addAll(next.apply(state));
            }
        } while (found.size() > before);
        return found;
    }
}
