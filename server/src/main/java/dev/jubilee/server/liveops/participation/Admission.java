package dev.jubilee.server.liveops.participation;

import dev.jubilee.server.liveops.participation.Participation.Status;
import dev.jubilee.server.liveops.participation.ParticipationRequest.Seat;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides one batch in the order of its arrival, from what the database says under the locks. Knows
 * no SQL. For one thread, one batch.
 */
final class Admission {
    /**
     * An occurrence as its locked row says.
     *
     * @param open whether it is neither ended nor cancelled
     */
    record Room(boolean open, Instant startsAt, @Nullable Instant endsAt, int capacity, int taken) {
        boolean admits(Instant now) {
            return !now.isBefore(startsAt) && !isOver(now);
        }

        boolean isOver(Instant now) {
            return !open || (endsAt != null && !now.isBefore(endsAt));
        }
    }

    /** A participation that differs from what the database holds. */
    record Change(Participation after, boolean isNew) {}

    /** A player came in, or left: what others are told. */
    record Move(ParticipationRequest request, Participation after) {}

    private final Map<UUID, Room> rooms;
    private final Map<Seat, Participation> standing;
    private final Instant now;
    private final Supplier<UUID> ids;
    private final Map<UUID, Integer> deltas = new HashMap<>();
    private final Map<Seat, Change> changes = new TreeMap<>();
    private final List<Move> moves = new ArrayList<>();

    /**
     * @param standing who has a participation already
     * @param now when those who come in do so
     */
    Admission(
            Map<UUID, Room> rooms,
            Map<Seat, Participation> standing,
            Instant now,
            Supplier<UUID> ids) {
        this.rooms = rooms;
        this.standing = new HashMap<>(standing);
        this.now = now;
        this.ids = ids;
    }

    ParticipationResult decide(ParticipationRequest request) {
        Room room = rooms.get(request.occurrence().occurrenceId());
        Seat seat = request.seat();
        return switch (request) {
            case ParticipationRequest.Join join -> join(join, seat, room);
            case ParticipationRequest.Leave leave -> leave(leave, seat, room);
        };
    }

    private JoinResult join(ParticipationRequest.Join join, Seat seat, @Nullable Room room) {
        if (room == null) {
            return new JoinResult.Refused(JoinResult.Reason.NO_SUCH_EVENT);
        }
        if (!room.admits(now)) {
            return new JoinResult.Refused(JoinResult.Reason.NOT_ACTIVE);
        }
        Participation before = standing.get(seat);
        if (before != null && before.status().holdsPlace()) {
            return new JoinResult.AlreadyJoined(before);
        }
        if (!join.eligible()) {
            return new JoinResult.Refused(JoinResult.Reason.REQUIREMENTS_NOT_MET);
        }
        if (room.taken() + delta(seat) >= room.capacity()) {
            return new JoinResult.Refused(JoinResult.Reason.FULL);
        }
        Participation after =
                new Participation(
                        before == null ? ids.get() : before.participationId(),
                        join.occurrence().eventId(),
                        seat.occurrenceId(),
                        seat.userId(),
                        join.type(),
                        Status.ACTIVE,
                        now);
        move(join, seat, after, +1);
        return new JoinResult.Joined(after);
    }

    private LeaveResult leave(ParticipationRequest.Leave leave, Seat seat, @Nullable Room room) {
        if (room == null) {
            return new LeaveResult.Refused(LeaveResult.Reason.NO_SUCH_EVENT);
        }
        if (room.isOver(now)) {
            return new LeaveResult.Refused(LeaveResult.Reason.ENDED);
        }
        Participation before = standing.get(seat);
        if (before == null || !before.status().holdsPlace()) {
            return new LeaveResult.Left(false);
        }
        Participation after =
                new Participation(
                        before.participationId(),
                        before.eventId(),
                        before.occurrenceId(),
                        before.userId(),
                        before.type(),
                        Status.CANCELLED,
                        before.joinedAt());
        move(leave, seat, after, -1);
        return new LeaveResult.Left(true);
    }

    private void move(ParticipationRequest request, Seat seat, Participation after, int delta) {
        boolean isNew = !standing.containsKey(seat) || wasMadeHere(seat);
        standing.put(seat, after);
        changes.put(seat, new Change(after, isNew));
        deltas.merge(seat.occurrenceId(), delta, Integer::sum);
        moves.add(new Move(request, after));
    }

    private boolean wasMadeHere(Seat seat) {
        Change change = changes.get(seat);
        return change != null && change.isNew();
    }

    private int delta(Seat seat) {
        return deltas.getOrDefault(seat.occurrenceId(), 0);
    }

    /** What has to be written, in the order of keys; each seat once, as it stands in the end. */
    List<Change> changes() {
        return List.copyOf(changes.values());
    }

    /** By how much the participants of each occurrence change; without those that do not. */
    Map<UUID, Integer> deltas() {
        Map<UUID, Integer> changed = new HashMap<>(deltas);
        changed.values().removeIf(delta -> delta == 0);
        return changed;
    }

    /** Everything that happened, in its order. */
    List<Move> moves() {
        return moves;
    }
}
