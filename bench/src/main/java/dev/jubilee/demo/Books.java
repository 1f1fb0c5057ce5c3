package dev.jubilee.demo;

import dev.jubilee.demo.GamePlan.Kill;
import dev.jubilee.demo.GamePlan.Parcel;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What the platform answered while the game was on, and what it must therefore hold in the end.
 * Thread-safe.
 */
final class Books {
    /** What one player has done since joining. */
    record Score(int kills, int headshots) {
        static final Score NONE = new Score(0, 0);

        Score plus(Kill kill) {
            return new Score(kills + 1, headshots + (kill.headshot() ? 1 : 0));
        }
    }

    private final Set<String> published = ConcurrentHashMap.newKeySet();
    private final AtomicLong meant = new AtomicLong();
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong renamed = new AtomicLong();
    private final Map<String, String> admitted = new ConcurrentHashMap<>();
    private final Map<String, Score> scores = new ConcurrentHashMap<>();
    private final Map<String, AtomicLong> tallies = new ConcurrentHashMap<>();
    private final Map<String, Set<String>> paid = new ConcurrentHashMap<>();

    /** A parcel was acknowledged under these ids. */
    void published(Parcel parcel, List<String> ids) {
        meant.addAndGet(parcel.kills().size());
        sent.addAndGet(ids.size());
        published.addAll(ids);
    }

    /** A parcel was sent again; a safe retry gets the same ids. */
    void repeated(List<String> first, List<String> second) {
        sent.addAndGet(second.size());
        if (!first.equals(second)) {
            renamed.incrementAndGet();
        }
    }

    /** The kills of a parcel count, for those who have joined. */
    void count(Parcel parcel) {
        for (Kill kill : parcel.kills()) {
            String id = kill.player().id();
            if (admitted.containsKey(id)) {
                scores.merge(id, Score.NONE.plus(kill), (have, one) -> have.plus(kill));
            }
        }
    }

    /** A player is in; null when this is news, else the participation it had before. */
    @Nullable String admitted(String userId, String participation) {
        return admitted.putIfAbsent(userId, participation);
    }

    /** One more of something that is only counted. */
    void tally(String what) {
        tallies.computeIfAbsent(what, w -> new AtomicLong()).incrementAndGet();
    }

    long tallied(String what) {
        AtomicLong tally = tallies.get(what);
        return tally == null ? 0 : tally.get();
    }

    /** A claim was answered as done. */
    void paid(String rewardId, String userId) {
        paid.computeIfAbsent(rewardId, r -> ConcurrentHashMap.newKeySet()).add(userId);
    }

    /** Who was told that this reward is theirs. */
    Set<String> paid(String rewardId) {
        return paid.getOrDefault(rewardId, Set.of());
    }

    /** The ids that the bus gave or took, each once. */
    Set<String> eventIds() {
        return published;
    }

    /** Events that happened, each once. */
    long meant() {
        return meant.get();
    }

    /** Events that were sent, repeats and all. */
    long sent() {
        return sent.get();
    }

    /** Repeats that got other ids than the first time. */
    long renamed() {
        return renamed.get();
    }

    Set<String> admitted() {
        return admitted.keySet();
    }

    /** What counts for a player; nothing for who is not in. */
    Score score(String userId) {
        return scores.getOrDefault(userId, Score.NONE);
    }
}
