package dev.jubilee.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.config.InvalidSettingsException;
import dev.jubilee.server.config.SettingsReader;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrustedProxiesTest {
    private final TrustedProxies proxies =
            new TrustedProxies(Network.list("10.0.0.0/8, 192.168.1.7, fd00::/8"));

    @ParameterizedTest
    @CsvSource({
        "10.1.2.3, 203.0.113.9, 203.0.113.9",
        "fd00::1, 2001:db8::7, 2001:db8:0:0:0:0:0:7",
        // Two proxies, one behind the other.
        "10.1.2.3, '203.0.113.9, 192.168.1.7', 203.0.113.9",
        // What the caller itself put there comes before what the proxy saw.
        "10.1.2.3, '198.51.100.1, 203.0.113.9', 203.0.113.9",
        "10.1.2.3, '10.9.9.9, 203.0.113.9', 203.0.113.9",
        // Nobody's word but a proxy's counts.
        "203.0.113.9, 198.51.100.1, 203.0.113.9",
        "192.168.1.8, 198.51.100.1, 192.168.1.8",
        // What is no address ends the list; no name is looked up.
        "10.1.2.3, 'unknown', 10.1.2.3",
        "10.1.2.3, 'localhost, 10.4.5.6', 10.4.5.6",
        "10.1.2.3, '', 10.1.2.3",
        // From within.
        "10.1.2.3, 10.4.5.6, 10.4.5.6"
    })
    void theLastAddressThatIsNoProxysIsTheCallers(String peer, String forwarded, String caller) {
        assertThat(proxies.caller(peer, List.of(forwarded))).isEqualTo(caller);
        assertThat(proxies.caller(peer, List.of(forwarded.split(",")))).isEqualTo(caller);
    }

    /** A home has 2^64 addresses of IPv6, and is one caller. */
    @ParameterizedTest
    @CsvSource({
        "203.0.113.9, 203.0.113.9",
        "2001:db8:1:2::7, 20010db800010002::/64",
        "2001:db8:1:2:ffff:ffff:ffff:ffff, 20010db800010002::/64",
        "2001:db8:1:3::7, 20010db800010003::/64",
        "::ffff:203.0.113.9, ::ffff:203.0.113.9"
    })
    void ofIpv6TheNetworkIsTheCaller(String address, String household) {
        assertThat(TrustedProxies.household(address)).isEqualTo(household);
    }

    @Test
    void whereNobodyIsTrustedTheHeaderIsNotRead() {
        assertThat(TrustedProxies.NONE.caller("10.1.2.3", List.of("203.0.113.9")))
                .isEqualTo("10.1.2.3");
    }

    @Test
    void itIsASetting() {
        assertThat(
                        TrustedProxies.from(
                                        new SettingsReader(
                                                Map.of("SERVER_TRUSTED_PROXIES", "10.0.0.0/8")))
                                .caller("10.1.2.3", List.of("203.0.113.9")))
                .isEqualTo("203.0.113.9");
        SettingsReader wrong =
                new SettingsReader(Map.of("SERVER_TRUSTED_PROXIES", "proxy.example"));
        TrustedProxies.from(wrong);
        Assertions.assertThatThrownBy(wrong::check)
                .isInstanceOf(InvalidSettingsException.class)
                .hasMessageContaining("SERVER_TRUSTED_PROXIES is \"proxy.example\"");
    }
}
