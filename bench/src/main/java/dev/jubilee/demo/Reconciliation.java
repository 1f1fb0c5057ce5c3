package dev.jubilee.demo;

import dev.jubilee.demo.Books.Score;
import dev.jubilee.demo.GamePlan.Player;
import dev.jubilee.demo.Observed.Grant;
import dev.jubilee.demo.Observed.Place;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The books held against what the platform says. What should be is computed here from what was
 * acknowledged, never from what the platform says it is.
 */
final class Reconciliation {
    /** One line of the report; it holds when both are equal. */
    record Check(String what, long expected, long found) {
        boolean holds() {
            return expected == found;
        }
    }

    private final GamePlan plan;
    private final Books books;
    private final List<Player> finale;
    private final Observed observed;
    private final List<Check> checks = new ArrayList<>();

    /**
     * @param finale the champions in the order of their last kills
     */
    private Reconciliation(GamePlan plan, Books books, List<Player> finale, Observed observed) {
        this.plan = plan;
        this.books = books;
        this.finale = finale;
        this.observed = observed;
    }

    static List<Check> of(GamePlan plan, Books books, List<Player> finale, Observed observed) {
        Reconciliation all = new Reconciliation(plan, books, finale, observed);
        all.events();
        all.participants();
        all.progress();
        all.ranking();
        all.grants();
        all.claims();
        return List.copyOf(all.checks);
    }

    private void events() {
        check("events that happened = ids the bus gave", books.meant(), books.eventIds().size());
        check("repeats that were given another id", 0, books.renamed());
        check("published = known by their status", books.eventIds().size(), observed.known());
        check("published = stored, each once", books.eventIds().size(), observed.stored());
    }

    private void participants() {
        long eligible = plan.players().stream().filter(Player::mayJoin).count();
        long places = Math.min(plan.capacity(), eligible);
        check("players admitted: as many as there is room for", places, books.admitted().size());
        check("participants, by the platform's count", places, observed.total());
        check(
                "the same players on both lists",
                0,
                differing(books.admitted(), observed.participants().keySet()));
        check("joins sent twice that made a second place", 0, books.tallied(Game.SECOND_PLACE));
        check("players admitted below the level", 0, books.tallied(Game.TOO_YOUNG_BUT_IN));
        check("joins in another player's name that passed", 0, books.tallied(Game.IMPOSTOR_IN));
    }

    private void progress() {
        long kills = 0;
        long headshots = 0;
        long wrong = 0;
        Score counted = Score.NONE;
        Set<String> finished = new HashSet<>();
        for (String user : books.admitted()) {
            Score expected = books.score(user);
            Score found = observed.participants().getOrDefault(user, Score.NONE);
            kills += expected.kills();
            headshots += expected.headshots();
            wrong += expected.equals(found) ? 0 : 1;
            if (expected.kills() >= GamePlan.KILLS_TO_FINISH) {
                finished.add(user);
            }
        }
        for (Score found : observed.participants().values()) {
            counted =
                    new Score(
                            counted.kills() + found.kills(),
                            counted.headshots() + found.headshots());
        }
        check("kills, each counted once", kills, counted.kills());
        check("headshots, each counted once", headshots, counted.headshots());
        check("players whose count differs", 0, wrong);
        check("players who finished", finished.size(), observed.completed().size());
        check("… who should not have, or did not", 0, differing(finished, observed.completed()));
    }

    private void ranking() {
        List<String> best = champions();
        List<String> found = new ArrayList<>();
        for (Place place : observed.ranking()) {
            if (found.size() < best.size()) {
                found.add(place.userId());
            }
        }
        long misplaced = 0;
        for (int i = 0; i < best.size(); i++) {
            misplaced += i < found.size() && found.get(i).equals(best.get(i)) ? 0 : 1;
        }
        check("champions not in their place, ties included", 0, misplaced);
        check("ranked entries with a wrong rank or score", 0, wrongEntries());
        check(
                "the ranking reads the same twice",
                1,
                observed.ranking().equals(observed.rankingAgain()) ? 1 : 0);
    }

    private long wrongEntries() {
        List<Integer> scores = new ArrayList<>();
        for (String user : books.admitted()) {
            int kills = books.score(user).kills();
            if (kills > 0) {
                scores.add(kills);
            }
        }
        scores.sort(Collections.reverseOrder());
        List<Place> ranking = observed.ranking();
        long wrong = Math.max(0, Math.min(100, scores.size()) - ranking.size());
        for (int i = 0; i < ranking.size(); i++) {
            Place place = ranking.get(i);
            boolean right =
                    i < scores.size()
                            && place.rank() == i + 1
                            && place.score() == scores.get(i)
                            && place.score() == books.score(place.userId()).kills();
            wrong += right ? 0 : 1;
        }
        return wrong;
    }

    /** The champions as they must stand: by score, then by who got there first. */
    private List<String> champions() {
        Map<String, Integer> turn = new HashMap<>();
        for (int i = 0; i < finale.size(); i++) {
            turn.put(finale.get(i).id(), i);
        }
        List<String> order = new ArrayList<>(turn.keySet());
        order.sort((a, b) -> {
            int byScore = Integer.compare(books.score(b).kills(), books.score(a).kills());
            return byScore != 0
                    ? byScore
                    : Integer.compare(turn.getOrDefault(a, 0), turn.getOrDefault(b, 0));
        });
        return order;
    }

    private void grants() {
        Set<Grant> expected = new HashSet<>();
        for (String user : books.admitted()) {
            int kills = books.score(user).kills();
            if (kills >= GamePlan.KILLS_FOR_MILESTONE) {
                expected.add(new Grant(LiveEvent.MILESTONE, user));
            }
            if (kills >= GamePlan.KILLS_TO_FINISH) {
                expected.add(new Grant(LiveEvent.FINISHER, user));
            }
        }
        champions().stream()
                .limit(GamePlan.PODIUM)
                .forEach(user -> expected.add(new Grant(LiveEvent.PODIUM, user)));
        Map<String, String> names = new TreeMap<>();
        names.put(LiveEvent.FINISHER, "grants made for finishing");
        names.put(LiveEvent.MILESTONE, "grants made for the milestone");
        names.put(LiveEvent.PODIUM, "grants made for the podium");
        names.forEach(
                (reward, name) -> check(name, of(reward, expected), of(reward, observed.grants())));
        check(
                "grants missing, or made to the wrong player",
                0,
                differing(expected, observed.grants()));
    }

    private void claims() {
        long finishers = of(LiveEvent.FINISHER, observed.grants());
        check(
                "claims for finishing: capped",
                Math.min(plan.finisherClaims(), finishers),
                books.paid(LiveEvent.FINISHER).size());
        check(
                "claims for the milestone: all",
                of(LiveEvent.MILESTONE, observed.grants()),
                books.paid(LiveEvent.MILESTONE).size());
        check(
                "claims for the podium: all",
                of(LiveEvent.PODIUM, observed.grants()),
                books.paid(LiveEvent.PODIUM).size());
        Set<Grant> paid = new HashSet<>();
        for (String reward : List.of(LiveEvent.FINISHER, LiveEvent.MILESTONE, LiveEvent.PODIUM)) {
            books.paid(reward).forEach(user -> paid.add(new Grant(reward, user)));
        }
        check(
                "claims answered but not recorded, or the reverse",
                0,
                differing(paid, observed.claimed()));
        check("claims that were never earned, and passed", 0, books.tallied(Game.UNEARNED_PAID));
    }

    private static long of(String reward, Set<Grant> grants) {
        return grants.stream().filter(grant -> grant.rewardId().equals(reward)).count();
    }

    private static <T> long differing(Set<T> a, Set<T> b) {
        return a.stream().filter(x -> !b.contains(x)).count()
                + b.stream().filter(x -> !a.contains(x)).count();
    }

    private void check(String what, long expected, long found) {
        checks.add(new Check(what, expected, found));
    }
}
