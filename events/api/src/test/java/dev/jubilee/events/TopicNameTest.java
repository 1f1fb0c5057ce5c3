package dev.jubilee.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TopicNameTest {
    @ParameterizedTest
    @ValueSource(strings = {"game", "game.match.end", "dead-letter-events", "a_1.b-2"})
    void acceptsDottedLowerCase(String name) {
        assertThat(TopicName.require(name)).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "game.", ".game", "game..end", "Game", "a b", "spiel.ä"})
    void refusesTheRestAndSaysWhatWasGiven(String name) {
        assertThatThrownBy(() -> TopicName.require(name))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("was '" + name + "'");
    }

    @ParameterizedTest
    @ValueSource(ints = {248, 249, 250})
    void endsWhereKafkaEnds(int length) {
        assertThat(TopicName.isValid("a".repeat(length))).isEqualTo(length <= 249);
    }
}
