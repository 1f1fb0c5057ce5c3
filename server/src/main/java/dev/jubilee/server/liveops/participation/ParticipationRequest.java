package dev.jubilee.server.liveops.participation;

import dev.jubilee.server.liveops.occurrences.Occurrence;
import java.util.UUID;

/** What the lane can be asked. */
sealed interface ParticipationRequest {
    Occurrence occurrence();

    String userId();

    /** Where it belongs: requests of one seat take effect in the order in which they came. */
    default Seat seat() {
        return new Seat(occurrence().occurrenceId(), userId());
    }

    /**
     * To come in.
     *
     * @param eligible whether the player meets the requirements; who is in already need not
     */
    record Join(Occurrence occurrence, String userId, Participation.Type type, boolean eligible)
            implements ParticipationRequest {}

    /** To give the place up. */
    record Leave(Occurrence occurrence, String userId) implements ParticipationRequest {}

    /** One player in one occurrence. */
    record Seat(UUID occurrenceId, String userId) implements Comparable<Seat> {
        @Override
        public int compareTo(Seat other) {
            int byOccurrence = occurrenceId.compareTo(other.occurrenceId);
            return byOccurrence != 0 ? byOccurrence : userId.compareTo(other.userId);
        }
    }
}
