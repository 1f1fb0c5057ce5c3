package dev.jubilee.server.bus.filters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.server.json.Json;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextOperatorsTest {
    @ParameterizedTest
    @CsvSource({
        "*, '', true",
        "*, anything, true",
        "a*, a, true",
        "a*, ba, false",
        "*.png, cat.png, true",
        "*.png, cat.png.bak, false",
        "a*a, a, false",
        "a*a, aa, true",
        "ab*ba, aba, false",
        "a*b*c, a-b-b-c, true",
        "a*b*c, a-c-b, false",
        "a*bc*c, abc, false",
        "dir/*/file, dir/a/b/file, true",
        "plain, plain, true",
        "plain, plains, false",
        "a\\*b, a*b, true",
        "a\\*b, axb, false",
        "a\\\\b, a\\b, true",
        "A*, abc, false",
    })
    void starsStandForAnyText(String wildcard, String text, boolean passes) {
        assertThat(matches("wildcard", wildcard, text)).isEqualTo(passes);
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/24, 10.0.0.255, true",
        "10.0.0.0/24, 10.0.1.0, false",
        "10.0.0.7/24, 10.0.0.9, true",
        "10.0.0.0/9, 10.127.0.1, true",
        "10.0.0.0/9, 10.128.0.1, false",
        "0.0.0.0/0, 255.255.255.255, true",
        "0.0.0.0/0, ::1, false",
        "192.168.1.1/32, 192.168.1.1, true",
        "192.168.1.1/32, 192.168.1.2, false",
        "2001:db8::/33, 2001:db8:7fff::1, true",
        "2001:db8::/33, 2001:db8:8000::1, false",
        "10.0.0.0/8, 10.1, false",
        "10.0.0.0/8, localhost, false",
        "10.0.0.0/8, 10.0.0.0/8, false",
    })
    void anAddressIsWithinANetwork(String network, String address, boolean passes) {
        assertThat(matches("cidr", network, address)).isEqualTo(passes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a**b", "**", "a\\b", "a\\"})
    void whatIsNoWildcardIsRefused(String wildcard) {
        assertThatThrownBy(() -> matches("wildcard", wildcard, "x"))
                .isInstanceOf(InvalidFilterException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "10.0.0.0",
                "10.0.0/8",
                "10.0.0.0/33",
                "::/129",
                "host/8",
                "10.0.0.0/",
                "/8",
                "fe80::1%lo/64"
            })
    void whatIsNoNetworkIsRefused(String network) {
        assertThatThrownBy(() -> matches("cidr", network, "10.0.0.1"))
                .isInstanceOf(InvalidFilterException.class);
    }

    private static boolean matches(String operator, String wanted, String text) {
        String filter = Json.text(Map.of("ip", java.util.List.of(Map.of(operator, wanted))));
        return EventFilter.of(Json.tree(filter)).matches(Json.tree(Json.text(Map.of("ip", text))));
    }
}
