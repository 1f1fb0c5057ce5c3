package dev.jubilee.server.liveops.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.jubilee.server.conditions.Conditions;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.ProblemException;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.liveops.rules.ProgressRule.Operation;
import dev.jubilee.server.liveops.rules.RewardRule.Trigger;
import java.util.List;
import org.junit.jupiter.api.Test;

class RulesReaderTest {
    private static final String BOSS_RUSH =
            """
            {"requirements": {"when": "player.level >= 10"},
             "settings": {
               "join": "automatic",
               "progress": [
                 {"metric": "kills", "on": "game.kill", "when": "data.action_data.headshot", "add": "1"},
                 {"metric": "best_time", "on": "game.match_end", "set": "min", "value": "data.action_data.duration"}
               ],
               "complete_when": "progress.kills >= 10",
               "score": "progress.kills", "tie_break": ["score", "reached_at"]},
             "rewards": [
               {"reward_id": "finisher", "reward_type": "gold", "reward_value": {"amount": 100}, "reward_condition": {"on": "complete"}},
               {"reward_id": "five", "reward_type": "experience", "reward_value": {"amount": 50}, "reward_condition": {"on": "milestone", "when": "progress.kills >= 5"}},
               {"reward_id": "podium", "reward_type": "title", "reward_value": {"title": "Slayer"}, "reward_condition": {"on": "rank", "top": 10, "claim": "automatic"}, "max_claims": 10}
             ]}
            """;

    private final RulesReader reader = new RulesReader(new Conditions(), 100);

    @Test
    void whatIsWrittenIsRead() {
        Rules rules = read(BOSS_RUSH).rules();
        assertThat(rules.join()).isEqualTo(Rules.Join.AUTOMATIC);
        assertThat(rules.requirement()).isNotNull();
        assertThat(rules.progress())
                .extracting(rule -> rule.metric() + " " + rule.operation())
                .containsExactly("kills " + Operation.ADD, "best_time " + Operation.MIN);
        assertThat(rules.completeWhen()).isNotNull();
        assertThat(rules.score()).isNotNull();
        assertThat(rules.rewards())
                .extracting(RewardRule::rewardId, RewardRule::on, RewardRule::automatic)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("finisher", Trigger.COMPLETE, false),
                        org.assertj.core.groups.Tuple.tuple("five", Trigger.MILESTONE, false),
                        org.assertj.core.groups.Tuple.tuple("podium", Trigger.RANK, true));
    }

    @Test
    void whatIsFrozenThawsToTheSame() {
        Config config = read(BOSS_RUSH);
        Config thawed = reader.thaw(Json.tree(Json.text(config.asJson())));
        assertThat(thawed.asJson()).isEqualTo(config.asJson());
        assertThat(thawed.rules().rewards())
                .extracting(RewardRule::rewardId)
                .containsExactly("finisher", "five", "podium");
    }

    @Test
    void aRewardWithoutIdOrConditionGetsThem() {
        Config config =
                read(
                        """
                        {"rewards": [{"reward_type": "experience", "reward_value": {"amount": 1000}},
                                     {"reward_type": "gold", "reward_value": {"amount": 5}}]}
                        """);
        assertThat(config.rules().rewards())
                .extracting(RewardRule::rewardId)
                .containsExactly("reward_1", "reward_2");
        assertThat(config.rewards().get(0).get("reward_condition").get("on").stringValue())
                .isEqualTo("complete");
        assertThat(config.rules().tieBreak()).containsExactly("score", "reached_at");
    }

    @Test
    void anIdThatIsMadeUpIsNobodysName() {
        Config config =
                read(
                        """
                        {"rewards": [{"reward_id": "reward_2", "reward_type": "gold", "reward_value": {"amount": 1}},
                                     {"reward_type": "gold", "reward_value": {"amount": 2}},
                                     {"reward_type": "gold", "reward_value": {"amount": 3}},
                                     {"reward_id": "reward_4", "reward_type": "gold", "reward_value": {"amount": 4}}]}
                        """);
        assertThat(config.rules().rewards())
                .extracting(RewardRule::rewardId)
                .containsExactly("reward_2", "reward_3", "reward_5", "reward_4");
    }

    @Test
    void everyFaultIsNamedAtOnce() {
        List<Problem.FieldError> errors =
                faults(
                        """
                        {"requirements": {"when": "data.x > 1", "min_level": 3},
                         "settings": {
                           "join": "sometimes",
                           "progress": [{"metric": "Kills!", "on": "game..kill", "set": "most", "value": "1"},
                                        {"metric": "a", "on": "game.kill", "add": "'x'"}],
                           "complete_when": "progress.kills", "tie_break": ["luck"]},
                         "rewards": [
                           {"reward_id": "twice", "reward_type": "love", "reward_value": {"amount": 1}},
                           {"reward_type": "gold", "reward_value": {"amount": -1}, "reward_condition": {"on": "milestone", "when": "progress.kills >"}},
                           {"reward_id": "twice", "reward_type": "title", "reward_value": {}, "reward_condition": {"on": "rank"}},
                           {"reward_type": "item", "reward_condition": {"on": "join", "top": 3, "claim": "never"}, "max_claims": 0}
                         ]}
                        """);
        assertThat(errors)
                .extracting(Problem.FieldError::field)
                .contains(
                        "requirements.when",
                        "requirements.min_level",
                        "settings.join",
                        "settings.progress[0].metric",
                        "settings.progress[0].on",
                        "settings.progress[0].set",
                        "settings.progress[1].add",
                        "settings.tie_break",
                        "rewards[0].reward_type",
                        "rewards[1].reward_value",
                        "rewards[1].reward_condition.when",
                        "rewards[2].reward_id",
                        "rewards[2].reward_value",
                        "rewards[2].reward_condition.top",
                        "rewards[3].reward_value",
                        "rewards[3].reward_condition.top",
                        "rewards[3].reward_condition.claim",
                        "rewards[3].max_claims");
    }

    @Test
    void aSectionThatIsNotNamedStaysAsItWas() {
        Config before = read(BOSS_RUSH);
        Input update = Input.of(Json.tree("{\"requirements\": {}}"));
        Config after = reader.read(update, before);
        update.check();
        assertThat(after.rules().requirement()).isNull();
        assertThat(after.settings()).isEqualTo(before.settings());
        assertThat(after.rewards()).isEqualTo(before.rewards());
    }

    @Test
    void aRankThatNobodyHasAnyMoreIsRefused() {
        Config before = read(BOSS_RUSH);
        Input update = Input.of(Json.tree("{\"settings\": {}}"));
        reader.read(update, before);
        assertThat(update.isFine()).isFalse();
    }

    @Test
    void aRewardWhoseNumbersNobodyCanCountWithIsRefused() {
        for (String value :
                new String[] {
                    "{\"amount\": 1e400}",
                    "{\"amount\": %s}".formatted("9".repeat(400)),
                    "{\"amount\": 5, \"bonus\": [{\"more\": -1e400}]}",
                    "{\"amount\": 5, \"bonus\": %s}".formatted("9".repeat(400))
                }) {
            assertThat(
                            faults(
                                    """
                                    {"rewards": [{"reward_type": "gold", "reward_value": %s}]}
                                    """
                                            .formatted(value)))
                    .extracting(Problem.FieldError::field)
                    .containsExactly("rewards[0].reward_value");
        }
    }

    @Test
    void aFormulaThatIsANumberNobodyCanCountWithIsRefused() {
        for (String number : new String[] {"1e400", "9".repeat(400)}) {
            assertThat(
                            faults(
                                    """
                                    {"settings": {"progress": [{"metric": "kills", "on": "game.kill", "add": %s}]}}
                                    """
                                            .formatted(number)))
                    .extracting(Problem.FieldError::field)
                    .containsExactly("settings.progress[0].add");
        }
    }

    @Test
    void aLowerLimitIsForWhatIsSentFromThenOn() {
        Config before = read(BOSS_RUSH);
        RulesReader lowered = new RulesReader(new Conditions(), 2);

        assertThat(lowered.thaw(before.asJson()).rules().rewards()).hasSize(3);
        Input other = Input.of(Json.tree("{\"requirements\": {}}"));
        assertThat(lowered.read(other, before).rewards()).isEqualTo(before.rewards());
        other.check();
        Input same = Input.of(Json.tree(BOSS_RUSH));
        lowered.read(same, before);
        assertThat(catchThrowableOfType(ProblemException.class, same::check).problem().errors())
                .extracting(Problem.FieldError::field)
                .contains("rewards");
    }

    @Test
    void whatARewardIsWorthIsNotJudgedAgainOnceItIsStored() {
        String stored = Json.text(read(BOSS_RUSH).asJson()).replace("50}", "\"Infinity\"}");
        assertThat(reader.thaw(Json.tree(stored)).rules().rewards()).hasSize(3);
    }

    private Config read(String json) {
        Input input = Input.of(Json.tree(json));
        Config config = reader.read(input, null);
        input.check();
        return config;
    }

    private List<Problem.FieldError> faults(String json) {
        return catchThrowableOfType(ProblemException.class, () -> read(json)).problem().errors();
    }

    @Test
    void aRewardOfMoreThanSixteenKibibytesIsRefused() {
        String reward =
                "{\"rewards\": [{\"reward_type\": \"title\", \"reward_value\": {\"title\": \"%s\"}}]}";
        String frame = "{\"title\":\"\"}";
        int most = 16_384 - frame.length();
        assertThat(read(reward.formatted("x".repeat(most))).rewards().size()).isEqualTo(1);
        assertThat(faults(reward.formatted("x".repeat(most + 1))))
                .extracting(Problem.FieldError::field)
                .containsExactly("rewards[0].reward_value");
    }
}
