package dev.jubilee.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.demo.Books.Score;
import dev.jubilee.demo.GamePlan.Parcel;
import dev.jubilee.demo.GamePlan.Player;
import dev.jubilee.demo.Observed.Grant;
import dev.jubilee.demo.Observed.Place;
import dev.jubilee.demo.Reconciliation.Check;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A platform that does everything right, then one that does one thing wrong. */
class ReconciliationTest {
    private final GamePlan plan = new GamePlan(1, 200, 20);
    private final Books books = new Books();
    private List<Player> finale = List.of();
    private long known;
    private long stored;
    private final Map<String, Score> participants = new HashMap<>();
    private final Set<String> completed = new HashSet<>();
    private List<Place> ranking = new ArrayList<>();
    private final Set<Grant> grants = new HashSet<>();
    private final Set<Grant> claimed = new HashSet<>();

    @BeforeEach
    void play() {
        plan.players().stream()
                .filter(Player::mayJoin)
                .limit(plan.capacity())
                .forEach(player -> books.admitted(player.id(), "p-" + player.id()));
        List<Player> champions = plan.champions(books.admitted());
        plan.matches(champions).forEach(match -> match.forEach(this::publish));
        List<Parcel> last = plan.finale(champions);
        last.forEach(this::publish);
        finale = last.stream().map(parcel -> parcel.kills().getFirst().player()).toList();
        known = books.eventIds().size();
        stored = known;
        for (String user : books.admitted()) {
            participants.put(user, books.score(user));
        }
        rank();
        reward();
    }

    private void publish(Parcel parcel) {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < parcel.kills().size(); i++) {
            ids.add(parcel.name() + "-" + i);
        }
        books.published(parcel, ids);
        books.count(parcel);
    }

    private void rank() {
        List<String> order = new ArrayList<>(books.admitted());
        List<String> turns = finale.stream().map(Player::id).toList();
        order.sort(
                Comparator.comparingInt((String user) -> -books.score(user).kills())
                        .thenComparingInt(turns::indexOf)
                        .thenComparing(Comparator.naturalOrder()));
        for (String user : order) {
            int kills = books.score(user).kills();
            if (kills > 0 && ranking.size() < 100) {
                ranking.add(new Place(ranking.size() + 1, user, kills));
            }
        }
    }

    private void reward() {
        for (String user : books.admitted()) {
            int kills = books.score(user).kills();
            if (kills >= GamePlan.KILLS_FOR_MILESTONE) {
                grants.add(new Grant(LiveEvent.MILESTONE, user));
                pay(LiveEvent.MILESTONE, user);
            }
            if (kills >= GamePlan.KILLS_TO_FINISH) {
                completed.add(user);
                grants.add(new Grant(LiveEvent.FINISHER, user));
                if (books.paid(LiveEvent.FINISHER).size() < plan.finisherClaims()) {
                    pay(LiveEvent.FINISHER, user);
                }
            }
        }
        for (Place place : ranking.subList(0, GamePlan.PODIUM)) {
            grants.add(new Grant(LiveEvent.PODIUM, place.userId()));
            pay(LiveEvent.PODIUM, place.userId());
        }
    }

    private void pay(String reward, String user) {
        books.paid(reward, user);
        claimed.add(new Grant(reward, user));
    }

    private List<String> broken() {
        Observed observed =
                new Observed(
                        known,
                        stored,
                        participants.size(),
                        participants,
                        completed,
                        ranking,
                        ranking,
                        grants,
                        claimed);
        return Reconciliation.of(plan, books, finale, observed).stream()
                .filter(check -> !check.holds())
                .map(Check::what)
                .toList();
    }

    @Test
    void aGameWithoutFaultReconciles() {
        assertThat(broken()).isEmpty();
    }

    @Test
    void anEventThatIsNotStoredIsFound() {
        stored--;

        assertThat(broken()).containsExactly("published = stored, each once");
    }

    @Test
    void anEventThatIsStoredTwiceIsFound() {
        stored++;

        assertThat(broken()).containsExactly("published = stored, each once");
    }

    @Test
    void anEventWhoseStatusIsNotKnownIsFound() {
        known--;

        assertThat(broken()).containsExactly("published = known by their status");
    }

    @Test
    void aRepeatUnderAnotherIdIsFound() {
        books.repeated(List.of("a", "b"), List.of("a", "c"));

        assertThat(broken()).containsExactly("repeats that were given another id");
    }

    @Test
    void aKillThatCountsTwiceIsFound() {
        String user = ranking.get(50).userId();
        participants.merge(
                user, new Score(0, 0), (is, none) -> new Score(is.kills() + 1, is.headshots()));

        assertThat(broken())
                .containsExactly("kills, each counted once", "players whose count differs");
    }

    @Test
    void killsThatCountForTheWrongPlayerAreFound() {
        String first = ranking.get(50).userId();
        String second = ranking.get(60).userId();
        participants.computeIfPresent(first, (u, is) -> new Score(is.kills() + 1, is.headshots()));
        participants.computeIfPresent(second, (u, is) -> new Score(is.kills() - 1, is.headshots()));

        assertThat(broken()).containsExactly("players whose count differs");
    }

    @Test
    void onePlayerTooManyIsFound() {
        participants.put("gatecrasher", Score.NONE);

        assertThat(broken())
                .containsExactly(
                        "participants, by the platform's count", "the same players on both lists");
    }

    @Test
    void aTieDecidedTheWrongWayIsFound() {
        Place third = ranking.get(2);
        Place fourth = ranking.get(3);
        assertThat(third.score()).isEqualTo(fourth.score());
        ranking.set(2, new Place(3, fourth.userId(), fourth.score()));
        ranking.set(3, new Place(4, third.userId(), third.score()));

        assertThat(broken()).containsExactly("champions not in their place, ties included");
    }

    @Test
    void aPodiumForTheEleventhIsFound() {
        Place tenth = ranking.get(GamePlan.PODIUM - 1);
        Place eleventh = ranking.get(GamePlan.PODIUM);
        assertThat(tenth.score()).as("the edge of the podium is a tie").isEqualTo(eleventh.score());
        grants.remove(new Grant(LiveEvent.PODIUM, tenth.userId()));
        grants.add(new Grant(LiveEvent.PODIUM, eleventh.userId()));

        assertThat(broken()).contains("grants missing, or made to the wrong player");
    }

    @Test
    void aClaimAboveTheCapIsFound() {
        String user =
                completed.stream()
                        .filter(u -> !books.paid(LiveEvent.FINISHER).contains(u))
                        .findFirst()
                        .orElseThrow();
        pay(LiveEvent.FINISHER, user);

        assertThat(broken()).containsExactly("claims for finishing: capped");
    }

    @Test
    void aClaimThatWasNotRecordedIsFound() {
        claimed.remove(new Grant(LiveEvent.PODIUM, ranking.getFirst().userId()));

        assertThat(broken()).containsExactly("claims answered but not recorded, or the reverse");
    }
}
