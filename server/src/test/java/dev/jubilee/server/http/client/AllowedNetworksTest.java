package dev.jubilee.server.http.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AllowedNetworksTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "0.0.0.0",
                "10.0.0.1",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.1.1",
                "169.254.169.254",
                "100.64.0.1",
                "198.18.0.1",
                "224.0.0.1",
                "255.255.255.255",
                "::1",
                "::",
                "fe80::1",
                "fc00::1",
                "fdff::1",
                "ff02::1",
                "::ffff:127.0.0.1",
                "64:ff9b::7f00:1",
                "2002:7f00:1::1",
                "2001:db8::1"
            })
    void whatIsNobodysPublicAddressIsRefused(String address) {
        assertThat(AllowedNetworks.publicOnly().allows(InetAddress.ofLiteral(address))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "8.8.8.8",
                "172.32.0.1",
                "100.128.0.1",
                "2606:4700::1111",
                "64:ff9b::808:808"
            })
    void publicAddressesAreAllowed(String address) {
        assertThat(AllowedNetworks.publicOnly().allows(InetAddress.ofLiteral(address))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.9.9.9", "::1", "10.1.2.3"})
    void whatIsNamedIsAllowed(String address) {
        AllowedNetworks networks = AllowedNetworks.parse("127.0.0.0/8, ::1/128,10.1.2.3");
        assertThat(networks.allows(InetAddress.ofLiteral(address))).isTrue();
        assertThat(networks.allows(InetAddress.ofLiteral("10.1.2.4"))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.0/33", "example.com", "10.0.0.0/-1", "1.2.3.4/x", "::1/129"})
    void whatIsNoNetworkIsRefused(String text) {
        assertThatThrownBy(() -> AllowedNetworks.parse(text))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
